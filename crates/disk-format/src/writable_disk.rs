//! Changing a disk in its file, where that needs no change of the image's own tables.

use crate::Disk;
use crate::Limits;
use crate::OpenDiskError;
use crate::ReadDiskError;
use crate::SourceFormat;
use crate::open_disk::open_qcow2_file;
use crate::open_disk::open_raw_file;
use nix::errno::Errno;
use nix::fcntl::FallocateFlags;
use nix::fcntl::fallocate;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// A disk whose bytes can be changed where they lie. Whoever writes holds the file's [`crate::WriteLock`].
pub trait WritableDisk: Disk {
    /// Whether every byte of the range has a place of its own in the file, so that writing it there changes nothing else.
    fn is_plain(&self, range: Range<u64>) -> Result<bool, WriteDiskError>;

    /// Whether all data of the disk lie at different places of the file, as they do in every image that is not damaged:
    /// else a write at one offset could be seen at another.
    fn is_sound(&self) -> Result<bool, ReadDiskError>;

    /// Whether the file holds other states of the disk, which a new file would not.
    fn has_snapshots(&self) -> bool;

    /// To be called once before the first write. It makes durable what others have to know of a file that is written.
    fn begin_writes(&self) -> Result<(), WriteDiskError>;

    /// Writes bytes at `offset`, all of which must be plain.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), WriteDiskError>;

    /// Makes a plain range read as zeros, and gives its space back where the file system can.
    fn write_zeros_at(&self, range: Range<u64>) -> Result<(), WriteDiskError>;

    /// Makes what was written durable.
    fn sync(&self) -> Result<(), WriteDiskError>;
}

/// Why bytes of an open disk could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteDiskError {
    /// Where they lie could not be read.
    #[error(transparent)]
    Read(#[from] ReadDiskError),
    /// They have no place of their own in the file.
    #[error("the bytes at offset {offset} have no place of their own in the file")]
    NotPlain {
        /// Offset on the disk.
        offset: u64,
    },
    /// The file itself cannot be written.
    #[error("write the image file")]
    Write(#[source] io::Error),
}

/// Opens `file` as the disk that it is declared to be, to be read and changed.
pub fn open_writable_disk(
    file: File,
    format: SourceFormat,
    limits: &Limits,
) -> Result<Box<dyn WritableDisk>, OpenDiskError> {
    match format {
        SourceFormat::Raw => Ok(Box::new(open_raw_file(file, limits)?)),
        SourceFormat::Qcow2 => Ok(Box::new(open_qcow2_file(file, limits)?)),
    }
}

/// Makes a range of a file read as zeros: as a hole where there can be one.
pub(crate) fn zero_range(file: &File, range: &Range<u64>) -> io::Result<()> {
    let len = range.end.saturating_sub(range.start);
    if len == 0 {
        return Ok(());
    }
    let how = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    let punched = match (i64::try_from(range.start), i64::try_from(len)) {
        (Ok(start), Ok(len)) => fallocate(file, how, start, len),
        _ => Err(Errno::EFBIG),
    };
    match punched {
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => write_zeros(file, range),
        punched => Ok(punched?),
    }
}

fn write_zeros(file: &File, range: &Range<u64>) -> io::Result<()> {
    static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
    let mut at = range.start;
    while at < range.end {
        let len = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(ZEROS.len());
        let zeros = ZEROS.get(..len).unwrap_or(&ZEROS);
        file.write_all_at(zeros, at)?;
        at = at.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    }
    Ok(())
}
