//! Making a volume larger in its file.
//!
//! A raw file gets a longer hole at its end; a qcow2 file grows by its header. Where its L1 table has no room for that, a
//! whole new file takes its name. A crash leaves one size or the other.

use crate::restore::VolumeSizes;
use crate::source::{OpenSourceError, Source};
use crate::target::{Target, occupied};
use crate::volume_bytes::DiskBytes;
use crate::volume_file::{WriteVolumeError, write_volume};
use crate::watch::{Ending, Watch, until};
use crate::{Jobs, Work};
use imprint_disk_format::{DraftFile, Existing, GrowDiskError, Limits, SourceFormat, grow_qcow2};

/// Why a volume was not made larger.
#[derive(Debug, thiserror::Error)]
pub enum ResizeError {
    /// It is larger already.
    #[error("the volume has {found} bytes already")]
    Shrinks {
        /// Its size.
        found: u64,
    },
    /// Its file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteVolumeError),
}

impl From<OpenSourceError> for ResizeError {
    fn from(error: OpenSourceError) -> Self {
        Self::Write(error.into())
    }
}

impl Jobs {
    /// Makes a volume larger, and answers when that is durable. What is new are zeros.
    pub async fn grow(&self, source: Source, size: u64, work: &Work) -> Result<VolumeSizes, ResizeError> {
        work.begin_step("wait for other restores", 0..0);
        let turn = until(work, self.0.restores.acquire()).await.map_err(WriteVolumeError::from)?;
        let _turn = turn.map_err(|_| WriteVolumeError::from(Ending::Stopping))?;
        work.begin_step("grow the volume", 0..100);
        let watch = Watch::new(self.clone(), work.clone(), 1);
        let grown = tokio::task::spawn_blocking(move || grow(&source, size, &watch)).await;
        grown.map_err(|_| WriteVolumeError::Panicked)?
    }
}

fn grow(source: &Source, size: u64, watch: &Watch) -> Result<VolumeSizes, ResizeError> {
    let target = Target::open(source)?;
    let disk = target.disk()?;
    let size = source.disk_size(size);
    if disk.size() > size {
        return Err(ResizeError::Shrinks { found: disk.size() });
    }
    let write = |error| ResizeError::from(WriteVolumeError::Write(error));
    let occupied = match target.format() {
        SourceFormat::Raw => {
            target.file.set_len(size).and_then(|()| target.file.sync_all()).map_err(write)?;
            target.occupied()
        }
        SourceFormat::Qcow2 if grow_qcow2(&target.file, size, &Limits::default()).map_err(refused)? => {
            target.occupied()
        }
        SourceFormat::Qcow2 => {
            if disk.has_snapshots() {
                return Err(WriteVolumeError::Snapshots.into());
            }
            let draft = DraftFile::create(&source.directory, &source.file).map_err(WriteVolumeError::from)?;
            write_volume(&DiskBytes(&*disk), size, target.format(), &draft, watch)?;
            draft.take_after(&target.file).map_err(write)?;
            let file = draft.file().try_clone().map_err(write)?;
            draft.publish(Existing::Replace).map_err(write)?;
            occupied(&file)
        }
    };
    Ok(VolumeSizes { size, occupied: occupied.map_err(write)? })
}

fn refused(error: GrowDiskError) -> ResizeError {
    match error {
        GrowDiskError::Open(error) => OpenSourceError::from(error).into(),
        GrowDiskError::Write(error) => WriteVolumeError::Change(error).into(),
        GrowDiskError::Shrinks { found } => ResizeError::Shrinks { found },
    }
}
