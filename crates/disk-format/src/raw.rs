//! Raw disks: the file is the disk, its holes are the disk's.

use crate::Disk;
use crate::Extent;
use crate::ExtentKind;
use crate::ImageBytes;
use crate::ReadDiskError;
use crate::WritableDisk;
use crate::WriteDiskError;
use crate::disk::end_inside;
use crate::writable_disk::zero_range;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// A file that holds a disk byte for byte.
pub(crate) struct RawDisk<B> {
    bytes: B,
    size: u64,
}

impl<B: ImageBytes> RawDisk<B> {
    /// A disk of `size` bytes, the length that the caller found.
    pub(crate) fn new(bytes: B, size: u64) -> Self {
        Self { bytes, size }
    }
}

impl<B: ImageBytes> Disk for RawDisk<B> {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), ReadDiskError> {
        end_inside(offset, buf.len(), self.size)?;
        self.bytes.read_bytes_at(offset, buf).map_err(|source| {
            if source.kind() == io::ErrorKind::UnexpectedEof
                && let Err(changed) = self.check_unchanged()
            {
                return changed;
            }
            ReadDiskError::Read { offset, source }
        })
    }

    fn extent_at(&self, offset: u64) -> Result<Extent, ReadDiskError> {
        end_inside(offset, 1, self.size)?;
        let run = self.bytes.stored_run(offset).map_err(|source| ReadDiskError::Read { offset, source })?;
        let (end, kind) = match run {
            Some(run) if run.start <= offset => (run.end, ExtentKind::Data),
            Some(run) => (run.start, ExtentKind::Hole),
            None => {
                // A file that was cut off below `offset` answers alike: nothing more is stored.
                self.check_unchanged()?;
                (self.size, ExtentKind::Hole)
            }
        };
        Ok(Extent { range: offset..end.min(self.size), kind })
    }

    fn check_unchanged(&self) -> Result<(), ReadDiskError> {
        let found = self.bytes.byte_len().map_err(|source| ReadDiskError::Read { offset: 0, source })?;
        if found == self.size { Ok(()) } else { Err(ReadDiskError::SizeChanged { expected: self.size, found }) }
    }
}

impl WritableDisk for RawDisk<File> {
    fn is_plain(&self, _: Range<u64>) -> Result<bool, WriteDiskError> {
        Ok(true)
    }

    fn is_sound(&self) -> Result<bool, ReadDiskError> {
        Ok(true)
    }

    fn has_snapshots(&self) -> bool {
        false
    }

    fn begin_writes(&self) -> Result<(), WriteDiskError> {
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), WriteDiskError> {
        end_inside(offset, bytes.len(), self.size)?;
        self.bytes.write_all_at(bytes, offset).map_err(WriteDiskError::Write)
    }

    fn write_zeros_at(&self, range: Range<u64>) -> Result<(), WriteDiskError> {
        zero_range(&self.bytes, &(range.start..range.end.min(self.size))).map_err(WriteDiskError::Write)
    }

    fn sync(&self) -> Result<(), WriteDiskError> {
        self.bytes.sync_all().map_err(WriteDiskError::Write)
    }
}
