//! Taking a backup.

use crate::arguments::{gone, new_tags};
use crate::volume_source::VolumeSource;
use crate::{Context, Perform, Refusal, Service, ServiceError, inventories, system_tags};
use imprint_api::{CreateVolumeBackup, InventoryReply, ResourceKind, VolumeBackupInventory};
use imprint_domain::{BackupStorageUuid, ResourceState, ResourceStatus, VolumeBackupUuid, VolumeUuid};
use imprint_jobs::{BackupError, BackupRequest, Source, WriteStateError};
use imprint_metadata::BeginBackupError;

impl Perform<CreateVolumeBackup> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CreateVolumeBackup,
    ) -> Result<InventoryReply<VolumeBackupInventory>, ServiceError> {
        let caller = context.caller()?;
        let volume_uuid = operation.volume_uuid;
        let storage = operation.backup_storage_uuid;
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), VolumeBackupUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::VolumeBackup, &operation.system_tags)?;
        let volume = self.metadata.volume(volume_uuid).await?;
        let volume = volume.ok_or_else(|| gone("volumeUuid", &volume_uuid))?;
        if volume.state != ResourceState::Enabled || volume.status != ResourceStatus::Ready {
            return Err(
                Refusal::VolumeNotUsable { volume: volume_uuid, state: volume.state, status: volume.status }.into()
            );
        }
        let directory = self.metadata.primary_storage(volume.primary_storage).await?;
        let directory = directory.ok_or_else(|| gone("volumeUuid", &volume.primary_storage))?;
        let source: VolumeSource = volume.source.parse().map_err(|error| Refusal::Source {
            volume: volume.uuid.to_string(),
            location: volume.source.clone(),
            reason: format!("{error}"),
        })?;
        let file = source.file.clone();
        let request = BackupRequest {
            uuid,
            volume: volume_uuid,
            storage,
            source: Source { directory: directory.mount_path.into(), file: source.file, format: source.format },
            name: operation.name,
            description: operation.description,
            full: operation.mode.is_some(),
            account: caller.account,
            tags: new_tags(system_tags, operation.user_tags, operation.tag_uuids),
            read_limit: operation.volume_read_bandwidth.and_then(|limit| u64::try_from(limit).ok()),
            digest: self
                .metadata
                .system_tags(&volume_uuid.to_string())
                .await?
                .iter()
                .any(|tag| tag == "backup::digest"),
            work: context.work,
        };
        let row =
            self.jobs.back_up(request).await.map_err(|error| refused(error, uuid, volume_uuid, &file, storage))?;
        Ok(InventoryReply { inventory: inventories::volume_backup(row, &self.zone) })
    }
}

fn refused(
    error: BackupError,
    backup: VolumeBackupUuid,
    volume: VolumeUuid,
    file: &str,
    storage: BackupStorageUuid,
) -> ServiceError {
    match error {
        BackupError::Source(error) => ServiceError::from_source(error, &volume.to_string(), file),
        BackupError::Write(WriteStateError::Content(error)) => {
            let reason = crate::error::chain(&error);
            Refusal::Source { volume: volume.to_string(), location: file.to_owned(), reason }.into()
        }
        BackupError::Begin(BeginBackupError::VolumeGone) => gone("volumeUuid", &volume),
        BackupError::Begin(BeginBackupError::StorageNotUsable { state, status }) => {
            Refusal::StorageNotUsable { field: "backupStorageUuid", storage: storage.to_string(), state, status }.into()
        }
        BackupError::Begin(BeginBackupError::Quota(exceeded)) => exceeded.into(),
        BackupError::Begin(BeginBackupError::Reverting { to }) => {
            Refusal::VolumeReverting { volume, backup: to }.into()
        }
        BackupError::Begin(BeginBackupError::UuidTaken) => ServiceError::UuidTaken { value: backup.to_string() },
        BackupError::Write(error) => ServiceError::from_write(error, storage),
        BackupError::Deleted => Refusal::BackupDeleted { backup }.into(),
        BackupError::Publish(error) => error.into(),
        BackupError::Begin(BeginBackupError::Metadata(error)) | BackupError::Metadata(error) => error.into(),
        error => ServiceError::internal("take a backup")(error.into()),
    }
}
