//! Temporary folders.

use tempfile::TempDir;

/// A new folder on the disk that holds the system's temporary files; it is removed when dropped.
///
/// # Panics
/// When it cannot be made: no test can go on without it.
pub fn temp_dir() -> TempDir {
    tempfile::Builder::new().prefix("imprint-test-").tempdir().expect("a test needs a temporary folder")
}
