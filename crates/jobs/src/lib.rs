//! Backups, exports and other long work, tied together in steps.
