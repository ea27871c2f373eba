//! A file whose content comes from elsewhere. It has no name: whatever happens, nothing of it is left when it is closed.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that grows at its end until it is whole.
#[derive(Debug)]
pub(crate) struct IncomingFile {
    file: File,
    directory: PathBuf,
    len: u64,
    limit: u64,
    /// Bytes that may be written before the space is looked at again.
    unchecked: u64,
}

/// Why a file takes nothing more.
#[derive(Debug, thiserror::Error)]
pub enum IncomingFileError {
    /// It is larger than any may be.
    #[error("the file has more than {limit} bytes, which is the server's setting max-image-size")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// There is no room for it.
    #[error(
        "the server's data directory has no room for the file: {needed} bytes more are needed, {available} are free"
    )]
    NoSpace {
        /// Bytes that it needs.
        needed: u64,
        /// Bytes that there are, those left out that must stay free.
        available: u64,
    },
    /// It cannot be written.
    #[error("write the file that is fetched")]
    Io(#[from] io::Error),
}

/// How much is written between two looks at the space that is left.
const CHECK_EVERY: u64 = 64 << 20;

impl IncomingFile {
    /// A new one in a directory. Blocking, as everything here.
    pub(crate) fn create(directory: &Path, limit: u64) -> Result<Self, IncomingFileError> {
        let file = tempfile::tempfile_in(directory)?;
        Ok(Self { file, directory: directory.to_owned(), len: 0, limit, unchecked: 0 })
    }

    /// Bytes that it has.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Fails if it may not become so large, or has no room to.
    pub(crate) fn expect(&self, len: u64) -> Result<(), IncomingFileError> {
        if len > self.limit {
            return Err(IncomingFileError::TooLarge { limit: self.limit });
        }
        let (needed, available) = (len.saturating_sub(self.len), free_space(&self.directory)?);
        if needed > available { Err(IncomingFileError::NoSpace { needed, available }) } else { Ok(()) }
    }

    /// Adds bytes at its end.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), IncomingFileError> {
        let len = self.len.saturating_add(bytes.len() as u64);
        if len > self.limit {
            return Err(IncomingFileError::TooLarge { limit: self.limit });
        }
        if self.unchecked < bytes.len() as u64 {
            self.expect(len)?;
            self.unchecked = CHECK_EVERY;
        }
        self.file.write_all(bytes)?;
        self.unchecked = self.unchecked.saturating_sub(bytes.len() as u64);
        self.len = len;
        Ok(())
    }

    /// Begins again.
    pub(crate) fn clear(&mut self) -> Result<(), IncomingFileError> {
        use std::io::Seek;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.len = 0;
        Ok(())
    }

    /// The whole file.
    pub(crate) fn into_file(self) -> File {
        self.file
    }
}

/// Bytes that may be written to a directory's file system: the metadata, which may lie there too, need room when all else
/// is full.
fn free_space(directory: &Path) -> io::Result<u64> {
    let stat = nix::sys::statvfs::statvfs(directory)?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.fragment_size());
    let reserve = (bytes(stat.blocks()) / 100).max(1 << 30);
    Ok(bytes(stat.blocks_available()).saturating_sub(reserve))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::io::Seek;

    #[test]
    fn it_grows_up_to_its_limit_and_leaves_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let mut file = IncomingFile::create(temp.path(), 5).unwrap();
        assert!(matches!(file.expect(6), Err(IncomingFileError::TooLarge { limit: 5 })));
        file.append(b"ab").unwrap();
        file.clear().unwrap();
        file.append(b"cde").unwrap();
        assert!(matches!(file.append(b"fgh"), Err(IncomingFileError::TooLarge { limit: 5 })));
        assert_eq!(file.len(), 3);
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
        let mut whole = file.into_file();
        let mut text = String::new();
        whole.rewind().unwrap();
        whole.read_to_string(&mut text).unwrap();
        assert_eq!(text, "cde");
    }

    #[test]
    fn a_file_that_cannot_fit_is_refused_before_it_is_fetched() {
        let temp = tempfile::tempdir().unwrap();
        let file = IncomingFile::create(temp.path(), u64::MAX).unwrap();
        assert!(matches!(file.expect(1 << 60), Err(IncomingFileError::NoSpace { .. })));
    }
}
