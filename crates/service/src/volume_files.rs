//! Volumes as operations use them: which may be used for what, where their files lie, and what their files refuse.

use crate::arguments::gone;
use crate::error::chain;
use crate::volume_source::VolumeSource;
use crate::{Caller, Context, Refusal, Service, ServiceError};
use imprint_disk_format::SourceFormat;
use imprint_domain::{
    BackupStorageUuid, EncodedRoot, ImageUuid, PrimaryStorageUuid, ResourceState, ResourceStatus, StorageStatus,
    VmInstanceUuid, VolumeBackupUuid, VolumeUuid,
};
use imprint_jobs::{CreateVolumeError, NewVolume, Source, WriteVolumeError};
use imprint_metadata::{NewTags, PrimaryStorageRow, VolumeBackupRow, VolumeGone, VolumeRow};
use std::path::Path;

/// A backup on one storage, ready to be read.
#[derive(Clone, Debug)]
pub(crate) struct StoredBackup {
    pub(crate) row: VolumeBackupRow,
    pub(crate) storage: BackupStorageUuid,
    pub(crate) content: EncodedRoot,
}

/// A volume that is asked for, to be made of stored content.
#[derive(Clone, Debug)]
pub(crate) struct VolumeOrder {
    pub(crate) uuid: VolumeUuid,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) primary_storage: Option<PrimaryStorageUuid>,
    pub(crate) vm: Option<VmInstanceUuid>,
    pub(crate) root_image: Option<ImageUuid>,
    pub(crate) root: bool,
    pub(crate) tags: NewTags,
    pub(crate) storage: BackupStorageUuid,
    pub(crate) content: EncodedRoot,
}

impl Service {
    /// The volume of that id, whatever its state.
    pub(crate) async fn volume(&self, field: &'static str, uuid: VolumeUuid) -> Result<VolumeRow, ServiceError> {
        self.metadata.volume(uuid).await?.ok_or_else(|| gone(field, &uuid))
    }

    /// The volume of that id, which must be Enabled and Ready.
    pub(crate) async fn usable_volume(&self, field: &'static str, uuid: VolumeUuid) -> Result<VolumeRow, ServiceError> {
        let row = self.volume(field, uuid).await?;
        check_usable(&row)?;
        Ok(row)
    }

    /// Where a volume's file is.
    pub(crate) async fn source_of(&self, volume: &VolumeRow) -> Result<Source, ServiceError> {
        let storage = self.metadata.primary_storage(volume.primary_storage).await?;
        let storage = storage.ok_or_else(|| gone("primaryStorageUuid", &volume.primary_storage))?;
        let source: VolumeSource = volume.source.parse().map_err(|error| Refusal::Source {
            volume: volume.uuid.to_string(),
            location: volume.source.clone(),
            reason: format!("{error}"),
        })?;
        Ok(Source { directory: storage.mount_path.into(), file: source.file, format: source.format })
    }

    /// A backup on the storage named, else on the first usable one that it is on.
    pub(crate) async fn stored_backup(
        &self,
        field: &'static str,
        uuid: VolumeBackupUuid,
        storage: Option<BackupStorageUuid>,
    ) -> Result<StoredBackup, ServiceError> {
        let row = self.metadata.volume_backup(uuid).await?.ok_or_else(|| gone(field, &uuid))?;
        if row.status != ResourceStatus::Ready {
            return Err(Refusal::BackupNotReady { backup: uuid, status: row.status }.into());
        }
        let candidates: Vec<_> = row
            .refs
            .iter()
            .filter(|it| it.status == ResourceStatus::Ready && storage.is_none_or(|storage| storage == it.storage))
            .filter_map(|it| Some((it.storage, it.root?)))
            .collect();
        let (storage, content) = self.readable_copy(&candidates).await?.ok_or_else(|| match storage {
            Some(storage) => Refusal::BackupNotOnStorage { backup: uuid, storage: storage.to_string() },
            None => Refusal::BackupNotReady { backup: uuid, status: ResourceStatus::Deleting },
        })?;
        Ok(StoredBackup { row, storage, content })
    }

    /// The first of these copies whose storage can be read; `None` when there is no copy at all.
    pub(crate) async fn readable_copy(
        &self,
        copies: &[(BackupStorageUuid, EncodedRoot)],
    ) -> Result<Option<(BackupStorageUuid, EncodedRoot)>, ServiceError> {
        let mut refused = None;
        for (storage, content) in copies {
            let Some(row) = self.metadata.backup_storage(*storage).await? else { continue };
            if row.state == ResourceState::Enabled && row.status == StorageStatus::Connected {
                return Ok(Some((*storage, *content)));
            }
            refused.get_or_insert(Refusal::StorageNotUsable {
                field: "backupStorageUuid",
                storage: storage.to_string(),
                state: row.state,
                status: row.status,
            });
        }
        refused.map_or(Ok(None), |refusal| Err(refusal.into()))
    }

    /// The primary storage named, else the oldest that can be used.
    pub(crate) async fn primary_storage_for(
        &self,
        uuid: Option<PrimaryStorageUuid>,
    ) -> Result<PrimaryStorageRow, ServiceError> {
        let storage = if let Some(uuid) = uuid {
            let row = self.metadata.primary_storage(uuid).await?;
            row.ok_or_else(|| gone("primaryStorageUuid", &uuid))?
        } else {
            let rows = self.metadata.primary_storages().await?;
            let usable = rows.into_iter().find(usable_storage);
            usable.ok_or(Refusal::NoPrimaryStorage)?
        };
        if !usable_storage(&storage) {
            return Err(Refusal::StorageNotUsable {
                field: "primaryStorageUuid",
                storage: storage.uuid.to_string(),
                state: storage.state,
                status: storage.status,
            }
            .into());
        }
        Ok(storage)
    }

    /// Makes a volume of stored content, and attaches it if that is wanted.
    pub(crate) async fn create_volume_of(
        &self,
        context: &Context,
        order: VolumeOrder,
    ) -> Result<VolumeRow, ServiceError> {
        let caller = context.caller()?;
        let primary = self.primary_storage_for(order.primary_storage).await?;
        let source = VolumeSource { file: format!("{}.qcow2", order.uuid), format: SourceFormat::Qcow2 };
        let target =
            Source { directory: primary.mount_path.clone().into(), file: source.file.clone(), format: source.format };
        let (uuid, vm, storage) = (order.uuid, order.vm, order.storage);
        let mut row = new_row(uuid, order.name, order.description, caller, &primary, &source, self.clock.now());
        row.root_image = order.root_image;
        row.owns_file = true;
        if order.root {
            "Root".clone_into(&mut row.kind);
        }
        let new = NewVolume { row, tags: order.tags, storage, content: order.content, target };
        let made = self.jobs.create_volume(new, &context.work).await;
        let row = made.map_err(|error| volume_not_made(error, uuid, &source.file, Some(storage)))?;
        match vm {
            Some(vm) => self.attach_volume(uuid, vm).await,
            None => Ok(row),
        }
    }

    /// Attaches a volume.
    pub(crate) async fn attach_volume(&self, uuid: VolumeUuid, vm: VmInstanceUuid) -> Result<VolumeRow, ServiceError> {
        let attached = self.metadata.attach_volume(uuid, vm).await;
        attached.map_err(|error| attach_refused(error, "volumeUuid", uuid))
    }
}

/// What a refused attachment means to its caller.
pub(crate) fn attach_refused(
    error: imprint_metadata::AttachVolumeError,
    field: &'static str,
    volume: VolumeUuid,
) -> ServiceError {
    use imprint_metadata::AttachVolumeError as Error;
    match error {
        Error::Gone(_) => gone(field, &volume),
        Error::NotUsable { state, status } => {
            Refusal::VolumeStatus { volume, state, status, needed: "Enabled and Ready" }.into()
        }
        Error::Attached { vm } => Refusal::VolumeAttached { volume, vm }.into(),
        Error::HasRoot { root } => Refusal::VmHasRoot { volume, root }.into(),
        Error::NotAttached => Refusal::VolumeNotAttached { volume }.into(),
        Error::Metadata(error) => error.into(),
    }
}

/// Why a change of a volume's row was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeVolumeError {
    /// It is gone.
    #[error(transparent)]
    Gone(#[from] VolumeGone),
    /// Its state refuses it.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] imprint_metadata::MetadataError),
}

impl From<Refusal> for ChangeVolumeError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<ChangeVolumeError> for ServiceError {
    fn from(error: ChangeVolumeError) -> Self {
        match error {
            ChangeVolumeError::Gone(VolumeGone(uuid)) => gone("uuid", &uuid),
            ChangeVolumeError::Refused(refusal) => (*refusal).into(),
            ChangeVolumeError::Metadata(error) => error.into(),
        }
    }
}

/// Fails unless a volume is Enabled and Ready.
pub(crate) fn check_usable(row: &VolumeRow) -> Result<(), Refusal> {
    if row.state == ResourceState::Enabled && row.status == ResourceStatus::Ready {
        return Ok(());
    }
    let (volume, state, status) = (row.uuid, row.state, row.status);
    Err(Refusal::VolumeStatus { volume, state, status, needed: "Enabled and Ready" })
}

/// Fails while a revert of the volume has not ended: it holds neither state.
pub(crate) fn refuse_reverting(volume: &VolumeRow) -> Result<(), Refusal> {
    match volume.reverting {
        Some(revert) => Err(Refusal::VolumeReverting { volume: volume.uuid, backup: revert.backup }),
        None => Ok(()),
    }
}

/// Fails unless a volume has that status.
pub(crate) fn check_status(row: &VolumeRow, status: ResourceStatus) -> Result<(), Refusal> {
    if row.status == status {
        return Ok(());
    }
    Err(Refusal::VolumeStatus { volume: row.uuid, state: row.state, status: row.status, needed: status.as_str() })
}

/// The id of a virtual machine: any that is well-formed.
pub(crate) fn vm_instance(field: &'static str, value: &str) -> Result<VmInstanceUuid, ServiceError> {
    value.parse().map_err(|_| ServiceError::InvalidArgument {
        field,
        value: crate::arguments::shortened(value),
        reason: "it must be 32 lower-case hex digits of a version 1 to 5 UUID".to_owned(),
    })
}

/// Why a volume was not made. `storage` is where its content was read.
pub(crate) fn volume_not_made(
    error: CreateVolumeError,
    volume: VolumeUuid,
    file: &str,
    storage: Option<BackupStorageUuid>,
) -> ServiceError {
    match error {
        CreateVolumeError::Row(error) => ServiceError::from_create(error, &volume),
        CreateVolumeError::File(error) => volume_refused(error, volume, file, storage),
        CreateVolumeError::Gone => gone("uuid", &volume),
    }
}

/// What a failure to write a volume's file means. `storage` is where its content was read.
pub(crate) fn volume_refused(
    error: WriteVolumeError,
    volume: VolumeUuid,
    file: &str,
    storage: Option<BackupStorageUuid>,
) -> ServiceError {
    let (volume, location) = (volume.to_string(), file.to_owned());
    match error {
        WriteVolumeError::Read(error) => {
            ServiceError::from_read(error, &storage.map(|it| it.to_string()).unwrap_or_default())
        }
        WriteVolumeError::Open(imprint_jobs::OpenSourceError::InUse) => {
            Refusal::VolumeInUse { volume, location }.into()
        }
        WriteVolumeError::Open(error) => ServiceError::from_source(error, &volume, file),
        WriteVolumeError::NoSpace { needed, available } => {
            Refusal::PrimaryStorageFull { volume, needed, available }.into()
        }
        WriteVolumeError::Ended(ending) => ending.into(),
        WriteVolumeError::Metadata(error) => error.into(),
        WriteVolumeError::Panicked => ServiceError::internal("write a volume's file")(error.into()),
        error => Refusal::Source { volume, location, reason: chain(&error) }.into(),
    }
}

/// The row of a new volume.
pub(crate) fn new_row(
    uuid: VolumeUuid,
    name: String,
    description: Option<String>,
    caller: Caller,
    storage: &PrimaryStorageRow,
    source: &VolumeSource,
    now: imprint_domain::Timestamp,
) -> VolumeRow {
    VolumeRow {
        uuid,
        name,
        description,
        primary_storage: storage.uuid,
        vm_instance_uuid: None,
        install_path: Path::new(&storage.mount_path).join(&source.file).to_string_lossy().into_owned(),
        source: source.to_string(),
        kind: "Data".to_owned(),
        format: source.format_name().to_owned(),
        size: 0,
        actual_size: 0,
        state: ResourceState::Enabled,
        status: ResourceStatus::Ready,
        is_shareable: false,
        root_image: None,
        device_id: None,
        last_attach: None,
        last_detach: None,
        last_vm_instance_uuid: None,
        owns_file: false,
        deleted: None,
        reverting: None,
        account: caller.account,
        created: now,
        changed: now,
    }
}

fn usable_storage(row: &PrimaryStorageRow) -> bool {
    row.state == ResourceState::Enabled && row.status == StorageStatus::Connected
}
