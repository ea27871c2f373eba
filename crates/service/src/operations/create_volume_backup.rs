//! Taking a backup.

use crate::arguments::{gone, new_tags};
use crate::volume_files::refuse_reverting;
use crate::{Context, Perform, Refusal, Service, ServiceError, inventories, system_tags};
use imprint_api::{CreateVolumeBackup, InventoryReply, ResourceKind, VolumeBackupInventory};
use imprint_domain::{AccountUuid, BackupStorageUuid, ResourceState, ResourceStatus, VolumeBackupUuid, VolumeUuid};
use imprint_jobs::{BackupError, BackupRequest, WriteStateError};
use imprint_metadata::{BeginBackupError, NewTags, VolumeRow};

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
        let wanted = WantedBackup {
            storage,
            name: operation.name,
            description: operation.description,
            full: operation.mode.is_some(),
            account: caller.account,
            tags: new_tags(system_tags, operation.user_tags, operation.tag_uuids),
            read_limit: operation.volume_read_bandwidth.and_then(|limit| u64::try_from(limit).ok()),
        };
        let request = self.backup_request(&volume, uuid, &wanted).await?;
        let file = request.source.file.clone();
        let row = self.jobs.back_up(request, &context.work).await;
        let row = row.map_err(|error| backup_refused(error, uuid, volume_uuid, &file, storage))?;
        Ok(InventoryReply { inventory: inventories::volume_backup(row, &self.zone) })
    }
}

/// What is asked of the backup of a volume, or of all volumes of a virtual machine.
#[derive(Clone, Debug)]
pub(crate) struct WantedBackup {
    pub(crate) storage: BackupStorageUuid,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) full: bool,
    pub(crate) account: AccountUuid,
    pub(crate) tags: NewTags,
    pub(crate) read_limit: Option<u64>,
}

impl Service {
    /// A backup of a volume, which must be Enabled and Ready.
    pub(crate) async fn backup_request(
        &self,
        volume: &VolumeRow,
        uuid: VolumeBackupUuid,
        wanted: &WantedBackup,
    ) -> Result<BackupRequest, ServiceError> {
        if volume.state != ResourceState::Enabled || volume.status != ResourceStatus::Ready {
            return Err(
                Refusal::VolumeNotUsable { volume: volume.uuid, state: volume.state, status: volume.status }.into()
            );
        }
        refuse_reverting(volume)?;
        let tags = self.metadata.system_tags(&volume.uuid.to_string()).await?;
        Ok(BackupRequest {
            uuid,
            volume: volume.uuid,
            storage: wanted.storage,
            source: self.source_of(volume).await?,
            name: wanted.name.clone(),
            description: wanted.description.clone(),
            full: wanted.full,
            account: wanted.account,
            tags: wanted.tags.clone(),
            read_limit: wanted.read_limit,
            digest: tags.iter().any(|tag| tag == "backup::digest"),
        })
    }
}

/// What a failed backup means to its caller.
pub(crate) fn backup_refused(
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
        BackupError::Begin(BeginBackupError::AccountGone) => Refusal::AccountGone.into(),
        BackupError::Begin(BeginBackupError::VolumeGone) => gone("volumeUuid", &volume),
        BackupError::Begin(BeginBackupError::StorageNotUsable { state, status }) => {
            Refusal::StorageNotUsable { field: "backupStorageUuid", storage: storage.to_string(), state, status }.into()
        }
        BackupError::Begin(BeginBackupError::Quota(exceeded)) | BackupError::Quota(exceeded) => exceeded.into(),
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
