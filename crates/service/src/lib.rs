//! One file an operation: its rules, then one transaction or one job.
