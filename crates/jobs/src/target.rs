//! A volume's file, opened to be changed: nobody else uses it meanwhile.

use crate::source::{OpenSourceError, Source};
use imprint_disk_format::{
    DiskInUse, Limits, OpenMode, SourceFormat, WritableDisk, WriteLock, open_beneath, open_writable_disk,
};
use std::fs::File;
use std::os::unix::fs::MetadataExt;

/// A volume's file, open and locked as QEMU locks what it writes.
pub(crate) struct Target {
    pub(crate) source: Source,
    pub(crate) file: File,
    _lock: WriteLock,
}

impl Target {
    /// Opens the file, unless another process uses it. Blocking.
    pub(crate) fn open(source: &Source) -> Result<Self, OpenSourceError> {
        let file = open_beneath(&source.directory, &source.file, OpenMode::ReadWrite)?;
        let lock = WriteLock::take(&file).map_err(|error| match error {
            DiskInUse::Locks(_) => OpenSourceError::Locks(error),
            _ => OpenSourceError::InUse,
        })?;
        Ok(Self { source: source.clone(), file, _lock: lock })
    }

    /// The disk in it, as it is now.
    pub(crate) fn disk(&self) -> Result<Box<dyn WritableDisk>, OpenSourceError> {
        Ok(open_writable_disk(self.file.try_clone()?, self.source.format, &Limits::default())?)
    }

    pub(crate) fn format(&self) -> SourceFormat {
        self.source.format
    }

    /// Bytes that it occupies.
    pub(crate) fn occupied(&self) -> std::io::Result<u64> {
        occupied(&self.file)
    }
}

/// Bytes that a file occupies.
pub(crate) fn occupied(file: &File) -> std::io::Result<u64> {
    Ok(file.metadata()?.blocks().saturating_mul(512))
}
