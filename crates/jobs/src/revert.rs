//! Bringing volumes back to states of a store.
//!
//! 1. Leases pin the states. Every file is opened and locked as a writer locks it, before any is changed.
//! 2. For each it is found out whether what differs has places of its own in the file. If so it is changed in place; else a
//!    whole new file is written beside it.
//! 3. One transaction notes of all volumes that their reverts have begun.
//! 4. What differs is written, new files take the old ones' names, all of it durable.
//! 5. One transaction notes the ends.
//!
//! Until 3 nothing is changed, whatever fails. From then on the volumes hold neither what they held nor what they are to
//! hold, so that it is not given up for a deadline or a cancellation. A crash or a failing disk between 3 and 5 leaves the
//! note: no backup of such a volume is taken, and the revert is done again from its start, by the next start of the server
//! or by whoever asks for it. Doing it twice does no harm.

use crate::differences::{Differences, Unit};
use crate::export::Pin;
use crate::restore::VolumeSizes;
use crate::source::Source;
use crate::target::{Target, occupied};
use crate::units::work_off;
use crate::volume_bytes::{DiskBytes, StoredBytes, VolumeBytes};
use crate::volume_file::{WriteVolumeError, check_space, write_volume};
use crate::watch::{Ending, Watch, until};
use crate::{Jobs, Work};
use imprint_disk_format::{DraftFile, Existing, SourceFormat, WritableDisk};
use imprint_domain::{BackupStorageUuid, EncodedRoot, VolumeBackupUuid, VolumeUuid};
use imprint_metadata::{EndRevert, NewRevert};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::task::JoinSet;

/// A volume that is to be brought back to a backup of it.
#[derive(Clone, Debug)]
pub struct RevertRequest {
    /// The volume.
    pub volume: VolumeUuid,
    /// The backup.
    pub backup: VolumeBackupUuid,
    /// Where the backup is.
    pub storage: BackupStorageUuid,
    /// Its content there.
    pub content: EncodedRoot,
    /// The volume's file.
    pub target: Source,
}

/// Why volumes were not reverted, and which one it was about.
#[derive(Debug, thiserror::Error)]
#[error("revert volume {volume}")]
pub struct RevertError {
    /// The volume.
    pub volume: VolumeUuid,
    /// Whether volumes may hold neither what they held nor what they are to hold.
    pub begun: bool,
    /// Why.
    #[source]
    pub source: WriteVolumeError,
}

/// One volume of a revert.
struct Revert {
    request: RevertRequest,
    content: StoredBytes,
    watch: Arc<Watch>,
    pin: Pin,
}

/// What was found out about a file, which is locked.
struct Prepared {
    target: Target,
    way: Way,
}

/// How a file is brought to its new content.
enum Way {
    /// What differs is written where it lies.
    InPlace,
    /// This one takes its name.
    NewFile(DraftFile),
}

impl Jobs {
    /// Brings volumes back to backups of them: all, or none as long as nothing has been changed. Answers their sizes, in the
    /// requests' order, when all of it is durable.
    pub async fn revert(&self, requests: Vec<RevertRequest>, work: &Work) -> Result<Vec<VolumeSizes>, RevertError> {
        let Some(first) = requests.first().map(|request| request.volume) else { return Ok(Vec::new()) };
        let unchanged = |volume, source| RevertError { volume, begun: false, source };
        work.begin_step("wait for other restores", 0..0);
        let turn = until(work, self.0.restores.acquire()).await.map_err(|ending| unchanged(first, ending.into()))?;
        let _turn = turn.map_err(|_| unchanged(first, Ending::Stopping.into()))?;
        // Ends when it is dropped.
        let mut followers = JoinSet::new();
        let mut reverts = Vec::new();
        for request in requests {
            let volume = request.volume;
            let revert = self.pinned_revert(request, work).await.map_err(|source| unchanged(volume, source))?;
            followers.spawn(Arc::clone(&revert.watch).follow(revert.pin.lease()));
            reverts.push(revert);
        }
        work.begin_step("look at the volume", 0..50);
        let (reverts, prepared) = blocking(first, false, move || {
            let prepared: Result<Vec<_>, _> =
                reverts.iter().map(|revert| failed(revert, false, prepare(revert))).collect();
            Ok((reverts, prepared?))
        })
        .await?;
        let begun = reverts.iter().map(|revert| NewRevert {
            volume: revert.request.volume,
            backup: revert.request.backup,
            storage: revert.request.storage,
            lease: revert.pin.lease(),
        });
        let noted = self.0.settings.metadata.begin_reverts(begun.collect()).await;
        noted.map_err(|error| unchanged(first, error.into()))?;
        work.begin_step("write the volume", 50..100);
        let (reverts, sizes) = blocking(first, true, move || {
            let written = reverts.iter().zip(prepared);
            let sizes: Result<Vec<_>, _> =
                written.map(|(revert, prepared)| failed(revert, true, carry_out(revert, prepared))).collect();
            Ok((reverts, sizes?))
        })
        .await?;
        let ended = reverts.iter().zip(&sizes).map(|(revert, sizes)| EndRevert {
            volume: revert.request.volume,
            lease: revert.pin.lease(),
            size: sizes.size,
            actual_size: sizes.occupied,
        });
        let noted = self.0.settings.metadata.end_reverts(ended.collect()).await;
        noted.map_err(|error| RevertError { volume: first, begun: true, source: error.into() })?;
        Ok(sizes)
    }

    async fn pinned_revert(&self, request: RevertRequest, work: &Work) -> Result<Revert, WriteVolumeError> {
        let pin = self.pin(request.storage, request.content, "revert").await?;
        let content = self.stored_bytes(request.storage, request.content).await?;
        let watch = Arc::new(Watch::new(self.clone(), work.clone(), content.root.size().blocks()));
        Ok(Revert { request, content, watch, pin })
    }
}

async fn blocking<T: Send + 'static>(
    volume: VolumeUuid,
    begun: bool,
    work: impl FnOnce() -> Result<T, RevertError> + Send + 'static,
) -> Result<T, RevertError> {
    let panicked = |_| RevertError { volume, begun, source: WriteVolumeError::Panicked };
    tokio::task::spawn_blocking(work).await.map_err(panicked)?
}

fn failed<T>(revert: &Revert, begun: bool, result: Result<T, WriteVolumeError>) -> Result<T, RevertError> {
    result.map_err(|source| RevertError { volume: revert.request.volume, begun, source })
}

/// Opens and locks a file, and writes a new one beside it if it cannot be changed in place. The file itself stays as it is.
fn prepare(revert: &Revert) -> Result<Prepared, WriteVolumeError> {
    let target = Target::open(&revert.request.target)?;
    let disk = target.disk()?;
    let size = target.source.disk_size(revert.content.size());
    let occupied = target.occupied().map_err(WriteVolumeError::Write)?;
    if target.format() == SourceFormat::Raw {
        check_space(&target.file, revert.content.root.data_bytes().saturating_sub(occupied))?;
    }
    if can_be_changed_in_place(&*disk, &target, &revert.content, size, &revert.watch)? {
        return Ok(Prepared { target, way: Way::InPlace });
    }
    if disk.has_snapshots() {
        return Err(WriteVolumeError::Snapshots);
    }
    let draft = DraftFile::create(&target.source.directory, &target.source.file)?;
    write_volume(&revert.content, size, target.format(), &draft, &revert.watch)?;
    draft.take_after(&target.file).map_err(WriteVolumeError::Write)?;
    Ok(Prepared { target, way: Way::NewFile(draft) })
}

/// Whether all that differs lies plainly in the file. A raw file always does.
fn can_be_changed_in_place(
    disk: &dyn WritableDisk,
    target: &Target,
    content: &StoredBytes,
    size: u64,
    watch: &Watch,
) -> Result<bool, WriteVolumeError> {
    if target.format() == SourceFormat::Raw {
        return Ok(true);
    }
    if disk.size() != size || !disk.is_sound().map_err(WriteVolumeError::ReadFile)? {
        return Ok(false);
    }
    let plain = AtomicBool::new(true);
    let done = AtomicU64::new(0);
    let old = DiskBytes(disk);
    let units = Differences::new(&old, content)?.take_while(|_| plain.load(Ordering::Relaxed));
    work_off(units, |unit| {
        check(watch, &unit, &done)?;
        for range in unit.pieces(size) {
            if disk.is_plain(range.clone()).map_err(WriteVolumeError::Change)? {
                continue;
            }
            let (old, new) = read_both(disk, content, &range)?;
            if old != new {
                plain.store(false, Ordering::Relaxed);
                return Ok(());
            }
        }
        Ok(())
    })?;
    Ok(plain.into_inner())
}

/// Writes what differs, or gives the new file its name.
fn carry_out(revert: &Revert, prepared: Prepared) -> Result<VolumeSizes, WriteVolumeError> {
    let Prepared { target, way } = prepared;
    let size = target.source.disk_size(revert.content.size());
    let occupied = match way {
        Way::InPlace => {
            change(revert, &target, size)?;
            target.occupied()
        }
        Way::NewFile(draft) => {
            let file = draft.file().try_clone().map_err(WriteVolumeError::Write)?;
            draft.publish(Existing::Replace).map_err(WriteVolumeError::Write)?;
            occupied(&file)
        }
    };
    Ok(VolumeSizes { size, occupied: occupied.map_err(WriteVolumeError::Write)? })
}

fn change(revert: &Revert, target: &Target, size: u64) -> Result<(), WriteVolumeError> {
    if target.format() == SourceFormat::Raw && target.disk()?.size() < size {
        target.file.set_len(size).map_err(WriteVolumeError::Write)?;
    }
    let disk = target.disk()?;
    let (disk, content) = (&*disk, &revert.content);
    disk.begin_writes().map_err(WriteVolumeError::Change)?;
    let done = AtomicU64::new(0);
    let old = DiskBytes(disk);
    work_off(Differences::new(&old, content)?, |unit| {
        go_on(&revert.watch, &unit, &done)?;
        for range in unit.pieces(size) {
            let (old, new) = read_both(disk, content, &range)?;
            let changed = if old == new {
                Ok(())
            } else if new.iter().all(|byte| *byte == 0) {
                disk.write_zeros_at(range)
            } else {
                disk.write_at(range.start, &new)
            };
            changed.map_err(WriteVolumeError::Change)?;
        }
        Ok(())
    })?;
    if target.format() == SourceFormat::Raw && disk.size() > size {
        target.file.set_len(size).map_err(WriteVolumeError::Write)?;
    }
    disk.sync().map_err(WriteVolumeError::Change)
}

/// Ends what has changed nothing yet whenever it should end.
fn check(watch: &Watch, unit: &Unit, done: &AtomicU64) -> Result<(), WriteVolumeError> {
    if let Some(ending) = watch.ending() {
        return Err(ending.into());
    }
    count(watch, unit, done);
    Ok(())
}

/// Ends what changes a volume only with the server: what is half done then is done again.
fn go_on(watch: &Watch, unit: &Unit, done: &AtomicU64) -> Result<(), WriteVolumeError> {
    if watch.is_stopping() {
        return Err(Ending::Stopping.into());
    }
    count(watch, unit, done);
    Ok(())
}

fn count(watch: &Watch, unit: &Unit, done: &AtomicU64) {
    let blocks = unit.blocks.end - unit.blocks.start;
    watch.advance(done.fetch_add(blocks, Ordering::Relaxed) + blocks);
}

/// The bytes of a range as they are and as they are to be.
fn read_both(
    disk: &dyn WritableDisk,
    content: &StoredBytes,
    range: &Range<u64>,
) -> Result<(Vec<u8>, Vec<u8>), WriteVolumeError> {
    let len = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
    let (mut old, mut new) = (vec![0; len], vec![0; len]);
    disk.read_at(range.start, &mut old).map_err(WriteVolumeError::ReadFile)?;
    content.read_at(range.start, &mut new)?;
    Ok((old, new))
}
