//! The bytes of an image file, wherever they lie.

use nix::errno::Errno;
use nix::unistd::Whence;
use nix::unistd::lseek;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Bytes that can be read at any place, from several threads at once.
pub trait ImageBytes: Send + Sync {
    /// Length now; it may differ from what it was before.
    fn byte_len(&self) -> io::Result<u64>;

    /// Fills `buf` from `offset`; fails with [`io::ErrorKind::UnexpectedEof`] where the bytes end before.
    fn read_bytes_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// The first run of stored bytes that ends after `offset`, cut off at `offset`: never empty, and what lies between
    /// `offset` and its start is a hole, which reads as zeros. `None` when only a hole follows. Where holes cannot be
    /// known everything is stored; the run may reach beyond the end.
    fn stored_run(&self, offset: u64) -> io::Result<Option<Range<u64>>>;
}

impl ImageBytes for File {
    fn byte_len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_bytes_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        FileExt::read_exact_at(self, buf, offset)
    }

    fn stored_run(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        let Ok(from) = i64::try_from(offset) else { return Ok(None) };
        let start = match lseek(self, from, Whence::SeekData) {
            Ok(start) => u64::try_from(start).unwrap_or(offset).max(offset),
            Err(Errno::ENXIO) => return Ok(None),
            // The file system does not know holes.
            Err(Errno::EINVAL | Errno::EOPNOTSUPP) => return Ok(Some(offset..u64::MAX)),
            Err(errno) => return Err(errno.into()),
        };
        // Between the two calls the data may have been punched out; a run is still never empty.
        let end = match lseek(self, i64::try_from(start).unwrap_or(from), Whence::SeekHole) {
            Ok(end) => u64::try_from(end).unwrap_or(u64::MAX),
            Err(_) => u64::MAX,
        };
        Ok(Some(start..end.max(start.saturating_add(1))))
    }
}

impl ImageBytes for Vec<u8> {
    fn byte_len(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.len()).unwrap_or(u64::MAX))
    }

    fn read_bytes_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let found = start.and_then(|start| self.get(start..start.checked_add(buf.len())?));
        buf.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn stored_run(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        let end = self.byte_len()?;
        Ok((offset < end).then_some(offset..end))
    }
}
