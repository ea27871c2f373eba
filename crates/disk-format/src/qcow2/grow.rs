//! Growing the disk of an image by its header alone.
//!
//! The new part has to read as zeros. It does where nothing is mapped to it and the L1 table has room for it, in entries
//! that it has or in the rest of its last cluster. Size and number of entries lie in one sector of the file, which is
//! written last: a crash leaves one size or the other.

use super::reader::Place;
use super::reader::Qcow2Disk;
use crate::Disk;
use crate::Limits;
use crate::OpenDiskError;
use crate::WritableDisk;
use crate::WriteDiskError;
use crate::open_disk::open_qcow2_file;
use crate::writable_disk::zero_range;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Where the size lies in the header; 4 bytes that say that nothing is encrypted and the number of L1 entries follow.
const SIZE: u64 = 24;

/// Why a disk was not grown.
#[derive(Debug, thiserror::Error)]
pub enum GrowDiskError {
    /// The file is no disk that may be changed.
    #[error(transparent)]
    Open(#[from] OpenDiskError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] WriteDiskError),
    /// The disk is larger already.
    #[error("the disk has {found} bytes already")]
    Shrinks {
        /// Its size.
        found: u64,
    },
}

/// Makes the disk in a qcow2 file larger, durably. Answers `false`, and has changed nothing, where that needs another
/// layout of the file. Whoever calls holds the file's [`crate::WriteLock`].
pub fn grow_qcow2(file: &File, size: u64, limits: &Limits) -> Result<bool, GrowDiskError> {
    let clone = || file.try_clone().map_err(OpenDiskError::Read);
    let now = open_qcow2_file(clone()?, limits)?;
    let found = now.size();
    if size < found {
        return Err(GrowDiskError::Shrinks { found });
    }
    if size > limits.max_virtual_size {
        return Err(OpenDiskError::TooLarge { size, max: limits.max_virtual_size }.into());
    }
    // Tables that lie behind each other or other defects show up only when more of the L1 table is read.
    let Ok(grown) = Qcow2Disk::open_larger(clone()?, now.file_len, limits, size) else { return Ok(false) };
    if !grown.is_blank_from(found)? {
        return Ok(false);
    }
    grown.begin_writes()?;
    grown.blank_last_cluster(found)?;
    grown.sync()?;
    let entries = u32::try_from(grown.header.l1_entries).unwrap_or(u32::MAX);
    let mut fields = [0; 16];
    fields.iter_mut().zip(size.to_be_bytes()).for_each(|(byte, value)| *byte = value);
    fields.iter_mut().skip(12).zip(entries.to_be_bytes()).for_each(|(byte, value)| *byte = value);
    let written = file.write_all_at(&fields, SIZE).and_then(|()| file.sync_all());
    written.map_err(WriteDiskError::Write)?;
    Ok(true)
}

impl Qcow2Disk<File> {
    /// Whether nothing is mapped from `from` on but the rest of the cluster that `from` lies in, and that plainly.
    fn is_blank_from(&self, from: u64) -> Result<bool, WriteDiskError> {
        let rest = self.header.geometry.cluster_end(from.saturating_sub(1)).min(self.size());
        let mut at = from;
        while at < self.size() {
            let mapping = self.mapping_at(at, self.size())?;
            let blank = match mapping.place {
                Place::Hole | Place::Zero => true,
                Place::Data { owned, .. } => owned && mapping.end <= rest,
                Place::Compressed { .. } => false,
            };
            if !blank {
                return Ok(false);
            }
            at = mapping.end;
        }
        Ok(true)
    }

    /// Zeros what lies behind `from` in its cluster: it was beyond the disk's end, and may be anything.
    fn blank_last_cluster(&self, from: u64) -> Result<(), WriteDiskError> {
        let rest = self.header.geometry.cluster_end(from.saturating_sub(1)).min(self.size());
        let mut at = from;
        while at < rest {
            let mapping = self.mapping_at(at, rest)?;
            let end = mapping.end.min(rest);
            if let Place::Data { host, .. } = mapping.place {
                let range = host..host.saturating_add(end - at);
                zero_range(&self.bytes, &range).map_err(WriteDiskError::Write)?;
            }
            at = end;
        }
        Ok(())
    }
}
