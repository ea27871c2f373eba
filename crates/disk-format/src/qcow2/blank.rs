//! A new qcow2 file with nothing in it.

use super::layout::LayoutError;
use super::layout::Qcow2Layout;
use super::layout::Region;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Makes `file` a qcow2 image of a disk of `size` bytes that holds nothing; whatever was in the file is gone. It is for
/// the caller to make it durable.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] with a [`LayoutError`] in it for a size that does not fit into the format.
pub fn write_blank_qcow2(file: &mut File, size: u64) -> io::Result<()> {
    let invalid = |error: LayoutError| io::Error::new(io::ErrorKind::InvalidInput, error);
    let layout = Qcow2Layout::new(size, []).map_err(invalid)?;
    file.set_len(0)?;
    file.set_len(layout.file_len())?;
    let mut cluster = vec![0; usize::try_from(Qcow2Layout::CLUSTER_SIZE).unwrap_or(0)];
    let mut at = 0;
    while let Some(Region::Metadata { .. }) = layout.region_at(at) {
        layout.metadata_bytes(at, &mut cluster).map_err(invalid)?;
        // The L1 table is all zeros: it stays a hole.
        if cluster.iter().any(|byte| *byte != 0) {
            file.write_all_at(&cluster, at)?;
        }
        at += Qcow2Layout::CLUSTER_SIZE;
    }
    Ok(())
}
