//! What a file system holds.

use std::path::Path;

/// Bytes of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// All.
    pub(crate) total: u64,
    /// Those that may still be written.
    pub(crate) available: u64,
}

/// The file system that `path` lies on.
pub(crate) fn of(path: &Path) -> std::io::Result<Capacity> {
    let stat = nix::sys::statvfs::statvfs(path)?;
    let unit = stat.fragment_size();
    Ok(Capacity { total: stat.blocks().saturating_mul(unit), available: stat.blocks_available().saturating_mul(unit) })
}
