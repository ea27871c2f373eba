//! Deleting a backup. Others and images that share its blocks stay whole: their roots reach what they need.

use crate::arguments::{all_existing, existing};
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{DeleteVolumeBackup, EmptyReply};
use imprint_domain::VolumeBackupUuid;

impl Perform<DeleteVolumeBackup> for Service {
    async fn perform(&self, context: Context, operation: DeleteVolumeBackup) -> Result<EmptyReply, ServiceError> {
        let uuid: VolumeBackupUuid = existing("uuid", "VolumeBackupVO", &operation.uuid)?;
        let storages = all_existing("backupStorageUuids", "BackupStorageVO", operation.backup_storage_uuids.as_ref())?;
        let caller = context.caller()?;
        let Some(row) = self.metadata.volume_backup(uuid).await? else { return Ok(EmptyReply {}) };
        if !caller.scope().sees(row.account) {
            return Err(ServiceError::NotOwner { field: "uuid", value: operation.uuid });
        }
        // The tombstone is in the store before the row is gone.
        for storage in self.metadata.begin_backup_deletion(uuid, storages).await? {
            self.jobs.publish(storage).await?;
        }
        self.metadata.end_backup_deletion(uuid).await?;
        Ok(EmptyReply {})
    }
}
