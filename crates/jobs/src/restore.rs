//! Making a volume of a state of a store, or a blank one: a new file that depends on nothing else.
//!
//! 1. A lease pins the state, if there is one, and the volume's row is made under it, as `Creating`.
//! 2. All of the state is written into a draft, on all cores, every block verified.
//! 3. The draft is synced and takes its name, which is synced too.
//! 4. The row is made Ready.
//!
//! When this ends early, file and row are taken back; when the server is killed, its next start finds a volume whose lease
//! is gone, and takes both back.

use crate::export::Pin;
use crate::jobs::LEASE_SECONDS;
use crate::source::Source;
use crate::target::occupied;
use crate::volume_bytes::StoredBytes;
use crate::volume_file::{WriteVolumeError, write_volume};
use crate::watch::{Ending, Watch, until};
use crate::{Jobs, ReadStoreError, Work};
use imprint_disk_format::{
    DraftFile, Existing, OpenBeneathError, OpenMode, open_beneath, remove_beneath, write_blank_qcow2,
};
use imprint_domain::{BackupStorageUuid, EncodedRoot, LeaseUuid, VolumeUuid};
use imprint_metadata::{CreateError, FinishVolumeError, NewTags, VolumeRow};
use std::sync::Arc;
use tokio::task::JoinSet;

/// A volume that is to be made of a state of a store.
#[derive(Clone, Debug)]
pub struct NewVolume {
    /// The volume, as it is to be when it is Ready.
    pub row: VolumeRow,
    /// Its tags.
    pub tags: NewTags,
    /// Where the state is.
    pub storage: BackupStorageUuid,
    /// Which one it is.
    pub content: EncodedRoot,
    /// The file to be made.
    pub target: Source,
}

/// A volume that is to be made with nothing in it.
#[derive(Clone, Debug)]
pub struct NewBlankVolume {
    /// The volume, as it is to be when it is Ready.
    pub row: VolumeRow,
    /// Its tags.
    pub tags: NewTags,
    /// Bytes that it is to have.
    pub size: u64,
    /// The file to be made, a qcow2 one.
    pub target: Source,
}

/// Why a volume was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateVolumeError {
    /// Its row was not.
    #[error(transparent)]
    Row(#[from] CreateError),
    /// Its file was not.
    #[error(transparent)]
    File(#[from] WriteVolumeError),
    /// It was taken away meanwhile.
    #[error("the volume was taken away while it was made")]
    Gone,
}

/// How large a volume and its file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeSizes {
    /// Bytes of the volume.
    pub size: u64,
    /// Bytes that its file occupies.
    pub occupied: u64,
}

impl Jobs {
    /// Makes a volume that holds a state of a store, and answers it when its file is durable.
    pub async fn create_volume(&self, volume: NewVolume, work: &Work) -> Result<VolumeRow, CreateVolumeError> {
        let file = |error| CreateVolumeError::File(error);
        work.begin_step("wait for other restores", 0..0);
        let turn = until(work, self.0.restores.acquire()).await.map_err(|ending| file(ending.into()))?;
        let _turn = turn.map_err(|_| file(Ending::Stopping.into()))?;
        let NewVolume { row, tags, storage, content, target } = volume;
        let pin = self.pin(storage, content, "restore").await.map_err(|error| file(error.into()))?;
        let writing = self.write_file(storage, content, target.clone(), &pin, work);
        self.make_volume(row, tags, target, pin.lease(), writing).await
    }

    /// Makes a volume that holds nothing, and answers it when its file is durable.
    pub async fn create_blank_volume(&self, volume: NewBlankVolume) -> Result<VolumeRow, CreateVolumeError> {
        let NewBlankVolume { row, tags, size, target } = volume;
        let (settings, lease) = (&self.0.settings, LeaseUuid::random());
        let expires = settings.clock.now().plus_seconds(LEASE_SECONDS);
        let taken = settings.metadata.take_storeless_lease(lease, "blank volume", &settings.node, expires).await;
        taken.map_err(WriteVolumeError::from)?;
        let new = target.clone();
        let writing = async move {
            let written = tokio::task::spawn_blocking(move || write_blank(size, &new)).await;
            written.map_err(|_| WriteVolumeError::Panicked)?
        };
        let made = self.make_volume(row, tags, target, lease, writing).await;
        // One that stays ends by itself: nobody waits for it.
        if let Err(error) = settings.metadata.release_lease(lease).await {
            tracing::warn!(%error, %lease, "a lease could not be given back");
        }
        made
    }

    /// Makes a volume's row, then by `writing` its file.
    async fn make_volume(
        &self,
        row: VolumeRow,
        tags: NewTags,
        target: Source,
        lease: LeaseUuid,
        writing: impl Future<Output = Result<VolumeSizes, WriteVolumeError>>,
    ) -> Result<VolumeRow, CreateVolumeError> {
        let uuid = row.uuid;
        let file = |error| CreateVolumeError::File(error);
        refuse_existing(target.clone()).await.map_err(file)?;
        self.0.settings.metadata.begin_volume(row, lease, tags).await?;
        let sizes = match writing.await {
            Ok(sizes) => sizes,
            Err(error) => {
                self.take_row_back(uuid).await;
                return Err(file(error));
            }
        };
        match self.0.settings.metadata.finish_volume(uuid, sizes.size, sizes.occupied).await {
            Ok(row) => Ok(row),
            Err(error) => {
                self.take_volume_back(uuid, target).await;
                Err(match error {
                    FinishVolumeError::Gone(_) => CreateVolumeError::Gone,
                    FinishVolumeError::Metadata(error) => file(error.into()),
                })
            }
        }
    }

    /// Removes what was made of a volume that is not to be: its file, if there is one already, then its row.
    pub async fn take_volume_back(&self, uuid: VolumeUuid, target: Source) {
        let removed = tokio::task::spawn_blocking(move || remove_beneath(&target.directory, &target.file)).await;
        match removed {
            Ok(Ok(_)) => {}
            // Without its row nobody would find the file.
            Ok(Err(error)) => {
                return tracing::warn!(%error, volume = %uuid, "an unfinished volume's file cannot be removed");
            }
            Err(error) => return tracing::warn!(%error, volume = %uuid, "an unfinished volume's file was not removed"),
        }
        self.take_row_back(uuid).await;
    }

    async fn take_row_back(&self, uuid: VolumeUuid) {
        if let Err(error) = self.0.settings.metadata.remove_volume(uuid).await {
            tracing::warn!(%error, volume = %uuid, "an unfinished volume could not be taken back yet");
        }
    }

    async fn write_file(
        &self,
        storage: BackupStorageUuid,
        content: EncodedRoot,
        target: Source,
        pin: &Pin,
        work: &Work,
    ) -> Result<VolumeSizes, WriteVolumeError> {
        let stored = self.stored_bytes(storage, content).await?;
        let watch = Arc::new(Watch::new(self.clone(), work.clone(), 1));
        // Ends when it is dropped.
        let mut followers = JoinSet::new();
        followers.spawn(Arc::clone(&watch).follow(pin.lease()));
        work.begin_step("write the volume", 0..100);
        let written = tokio::task::spawn_blocking(move || write_new(&stored, &target, &watch)).await;
        written.map_err(|_| WriteVolumeError::Panicked)?
    }

    /// A state of a store, to be read.
    pub(crate) async fn stored_bytes(
        &self,
        storage: BackupStorageUuid,
        content: EncodedRoot,
    ) -> Result<StoredBytes, ReadStoreError> {
        let store = self.store(storage).await?.ok_or(ReadStoreError::NotConnected)?;
        Ok(StoredBytes { store, root: imprint_image_store::MapRoot::decode(&content)? })
    }
}

fn write_blank(size: u64, target: &Source) -> Result<VolumeSizes, WriteVolumeError> {
    let draft = DraftFile::create(&target.directory, &target.file)?;
    let mut file = draft.file().try_clone().map_err(WriteVolumeError::Write)?;
    write_blank_qcow2(&mut file, size).map_err(WriteVolumeError::Write)?;
    publish(draft, size, target)
}

/// Fails if the file is there: one that turns up later, after a crash, is then known to be ours.
async fn refuse_existing(target: Source) -> Result<(), WriteVolumeError> {
    let open = move || open_beneath(&target.directory, &target.file, OpenMode::ReadOnly);
    match tokio::task::spawn_blocking(open).await.map_err(|_| WriteVolumeError::Panicked)? {
        Err(OpenBeneathError::NotFound { .. }) => Ok(()),
        Ok(_) => Err(WriteVolumeError::Write(std::io::ErrorKind::AlreadyExists.into())),
        Err(error) => Err(error.into()),
    }
}

fn write_new(content: &StoredBytes, target: &Source, watch: &Watch) -> Result<VolumeSizes, WriteVolumeError> {
    let size = content.root.size().bytes();
    let draft = DraftFile::create(&target.directory, &target.file)?;
    write_volume(content, size, target.format, &draft, watch)?;
    publish(draft, size, target)
}

/// Makes a draft that is whole durable, under its name.
fn publish(draft: DraftFile, size: u64, target: &Source) -> Result<VolumeSizes, WriteVolumeError> {
    let file = draft.file().try_clone().map_err(WriteVolumeError::Write)?;
    draft.publish(Existing::Refuse).map_err(WriteVolumeError::Write)?;
    let occupied = occupied(&file).map_err(WriteVolumeError::Write)?;
    Ok(VolumeSizes { size: target.disk_size(size), occupied })
}
