//! Keeps a local store from being written by those who do not know of each other.
//!
//! Which installation owns a store is written in it. A data directory that was copied is the same installation twice, and
//! both would take the same numbers for what they write: only the file system can tell that both are there.

use crate::BlobError;
use crate::directory::directory_error;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file that is locked. It holds nothing and is no object.
pub(crate) const LOCK_FILE: &str = "writer.lock";

/// Who else may write to a store at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody.
    Alone,
    /// Servers that agree through one database.
    OneDatabase,
}

/// The right to write to a store, given back when it is dropped or its process ends, however suddenly.
#[derive(Debug)]
pub struct WriterLock {
    file: Option<File>,
}

impl WriterLock {
    /// Where the backend has no such lock.
    pub(crate) fn unneeded() -> Self {
        Self { file: None }
    }

    /// Locks the directory of a local store; `None` while somebody else writes there.
    pub(crate) fn take(root: &Path, sharing: Sharing) -> Result<Option<Self>, BlobError> {
        let path = root.join(LOCK_FILE);
        let opened = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(&path);
        let file = opened.map_err(|source| directory_error(&path, source))?;
        // flock(2): it belongs to the open file and ends with it. On NFS it needs a file that is open for reading and writing.
        let locked = match sharing {
            Sharing::Alone => file.try_lock(),
            Sharing::OneDatabase => file.try_lock_shared(),
        };
        match locked {
            Ok(()) => Ok(Some(Self { file: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(directory_error(&path, source)),
        }
    }
}

/// Gives the lock back at once: to close the file is not enough while a process that was just forked has it open, too.
impl Drop for WriterLock {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            let _ = file.unlock();
        }
    }
}
