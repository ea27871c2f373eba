//! What a source of bytes looks like to a backup: a disk of a fixed size, and which parts of it hold anything.

use crate::MetadataDefect;
use std::io;
use std::ops::Range;

/// A disk whose bytes can be read at any place, from several threads at once.
pub trait Disk: Send + Sync {
    /// Size in bytes, as seen by whoever uses the disk. It was fixed when the disk was opened.
    fn size(&self) -> u64;

    /// Fills `buf` with the bytes from `offset` on; the range must lie inside the disk.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), ReadDiskError>;

    /// The run of one kind that starts at `offset`: at least one byte, and as long as is cheap to know. What follows it
    /// may be of the same kind. `offset` must lie inside the disk.
    fn extent_at(&self, offset: u64) -> Result<Extent, ReadDiskError>;

    /// Fails if the file was resized, or an image's header rewritten, since it was opened: what was read meanwhile is
    /// then no state that the disk ever had. To be called after the last read.
    fn check_unchanged(&self) -> Result<(), ReadDiskError>;
}

/// A run of bytes of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of the disk, never empty.
    pub range: Range<u64>,
    /// What they are.
    pub kind: ExtentKind,
}

/// What the bytes of an extent are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExtentKind {
    /// Stored bytes; they may happen to be zeros.
    Data,
    /// Zeros, and the image says so.
    Zero,
    /// Nothing was ever stored here: zeros.
    Hole,
}

/// Why bytes of an open disk could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadDiskError {
    /// The caller asked for bytes beyond the end of the disk.
    #[error("{len} bytes at offset {offset} do not lie inside the disk of {size} bytes")]
    OutOfRange {
        /// Where the range starts.
        offset: u64,
        /// Its length.
        len: u64,
        /// The disk's size.
        size: u64,
    },
    /// Somebody resized the file while it was being read.
    #[error("the file had {expected} bytes when it was opened and has {found} now")]
    SizeChanged {
        /// Length when it was opened.
        expected: u64,
        /// Length now.
        found: u64,
    },
    /// Somebody rewrote the image's header while it was being read.
    #[error("the image's header was changed while the image was being read")]
    HeaderChanged,
    /// The image's metadata for this place are damaged.
    #[error("metadata of the cluster at disk offset {offset}: {defect}")]
    Metadata {
        /// Offset on the disk.
        offset: u64,
        /// What is wrong with them.
        defect: MetadataDefect,
    },
    /// A compressed cluster does not decompress to exactly one cluster.
    #[error("the compressed cluster at disk offset {offset} is damaged")]
    Decompress {
        /// Offset of the cluster on the disk.
        offset: u64,
    },
    /// The file itself cannot be read.
    #[error("read the image file at offset {offset}")]
    Read {
        /// Offset in the file.
        offset: u64,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

/// End of the `len` bytes at `offset`, if they lie inside a disk of `size` bytes.
pub(crate) fn end_inside(offset: u64, len: usize, size: u64) -> Result<u64, ReadDiskError> {
    let len = u64::try_from(len).unwrap_or(u64::MAX);
    match offset.checked_add(len) {
        Some(end) if end <= size => Ok(end),
        _ => Err(ReadDiskError::OutOfRange { offset, len, size }),
    }
}
