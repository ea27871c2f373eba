//! Deleting a backup. Others and images that share its blocks stay whole: their roots reach what they need.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{DeleteVolumeBackup, EmptyReply};

impl Perform<DeleteVolumeBackup> for Service {
    async fn perform(&self, _: Context, operation: DeleteVolumeBackup) -> Result<EmptyReply, ServiceError> {
        let uuid = operation.uuid;
        let storages = operation.backup_storage_uuids;
        // The tombstone is in the store before the row is gone.
        for storage in self.metadata.begin_backup_deletion(uuid, storages).await? {
            self.jobs.publish(storage).await?;
        }
        self.metadata.end_backup_deletion(uuid).await?;
        Ok(EmptyReply {})
    }
}
