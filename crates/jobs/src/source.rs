//! A volume's file, opened to be read: confined to its directory, checked for its declared format, locked as QEMU locks.

use crate::changes::AllocationRuns;
use crate::restore::VolumeSizes;
use crate::target::occupied;
use crate::write_state::{Content, Runs};
use imprint_disk_format::{
    Disk, DiskInUse, Limits, OpenBeneathError, OpenDiskError, OpenMode, ReadLock, SourceFormat, open_beneath, open_disk,
};
use std::path::PathBuf;

/// Where a volume's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The directory of its primary storage.
    pub directory: PathBuf,
    /// The file's path beneath it.
    pub file: String,
    /// What the file is declared to be.
    pub format: SourceFormat,
}

impl Content for OpenSource {
    fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    fn runs(&self) -> Runs<'_> {
        Box::new(AllocationRuns::new(&*self.disk).map(|run| run.map_err(Into::into)))
    }
}

/// A volume's file, open. QEMU cannot open it for writing as long as this lives.
pub struct OpenSource {
    /// The disk in it.
    pub disk: Box<dyn Disk>,
    /// Bytes that the file occupies.
    pub occupied: u64,
    _lock: ReadLock,
}

impl std::fmt::Debug for OpenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenSource").field("size", &self.disk.size()).finish_non_exhaustive()
    }
}

/// Why a volume's file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenSourceError {
    /// It is not there, or not beneath its directory.
    #[error(transparent)]
    Open(#[from] OpenBeneathError),
    /// Another process has it open for writing.
    #[error("another process has it open for writing")]
    InUse,
    /// Its locks cannot be looked at.
    #[error("its locks cannot be read: {0}")]
    Locks(#[source] DiskInUse),
    /// It is not what it was declared to be, or uses what is not supported.
    #[error(transparent)]
    Disk(#[from] OpenDiskError),
    /// It cannot be looked at.
    #[error("it cannot be looked at: {0}")]
    Io(#[from] std::io::Error),
}

impl Source {
    /// Bytes of the disk that a file of this format shows of a volume of `size` bytes: qcow2 counts in sectors.
    pub(crate) fn disk_size(&self, size: u64) -> u64 {
        match self.format {
            SourceFormat::Raw => size,
            SourceFormat::Qcow2 => size.next_multiple_of(512),
        }
    }

    /// How large the disk and its file are, whoever uses them meanwhile. Blocking.
    pub fn sizes(&self) -> Result<VolumeSizes, OpenSourceError> {
        let file = open_beneath(&self.directory, &self.file, OpenMode::ReadOnly)?;
        let occupied = occupied(&file)?;
        Ok(VolumeSizes { size: open_disk(file, self.format, &Limits::default())?.size(), occupied })
    }

    /// Opens the file. Blocking.
    pub fn open(&self) -> Result<OpenSource, OpenSourceError> {
        use std::os::unix::fs::MetadataExt;
        let file = open_beneath(&self.directory, &self.file, OpenMode::ReadOnly)?;
        // The lock comes first: what is read of the header below stays true.
        let lock = ReadLock::take(&file).map_err(|error| match error {
            DiskInUse::Locks(_) => OpenSourceError::Locks(error),
            _ => OpenSourceError::InUse,
        })?;
        let occupied = file.metadata()?.blocks().saturating_mul(512);
        let disk = open_disk(file, self.format, &Limits::default())?;
        Ok(OpenSource { disk, occupied, _lock: lock })
    }
}
