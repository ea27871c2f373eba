//! Deleting a backup. Others and images that share its blocks stay whole: their roots reach what they need.

use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{DeleteVolumeBackup, EmptyReply};
use imprint_domain::VolumeBackupUuid;

impl Perform<DeleteVolumeBackup> for Service {
    async fn perform(&self, _: Context, operation: DeleteVolumeBackup) -> Result<EmptyReply, ServiceError> {
        let uuid = operation.uuid;
        let storages = operation.backup_storage_uuids;
        self.refuse_needed_backup(uuid).await?;
        self.refuse_untold_backup(uuid, storages.as_deref()).await?;
        // The tombstone is in the store before the row is gone.
        for storage in self.metadata.begin_backup_deletion(uuid, storages).await? {
            self.jobs.publish(storage).await?;
        }
        self.metadata.end_backup_deletion(uuid).await?;
        Ok(EmptyReply {})
    }
}

impl Service {
    /// A revert that has begun can be ended only by what it was begun with.
    pub(crate) async fn refuse_needed_backup(&self, backup: VolumeBackupUuid) -> Result<(), ServiceError> {
        match self.metadata.volume_reverting_to(backup).await? {
            Some(volume) => Err(Refusal::VolumeReverting { volume, backup }.into()),
            None => Ok(()),
        }
    }
}
