//! Throw-away databases and faulty disks for tests.
