//! Reconciling the metadata with a storage's catalog: one work under three names, which report different counts.

use crate::reconciling::count;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{EmptyReply, SyncBackupResult, SyncImage, SyncResultReply, SyncVmBackup, SyncVolumeBackup};

impl Perform<SyncVolumeBackup> for Service {
    async fn perform(&self, context: Context, operation: SyncVolumeBackup) -> Result<SyncResultReply, ServiceError> {
        let done = self.reconcile(operation.image_store_uuid, &context.work).await?;
        let (new, deleted) = (count(done.backups.adopted), count(done.backups.removed));
        Ok(SyncResultReply { result: SyncBackupResult { deleted_backup_count: deleted, new_backup_count: new } })
    }
}

impl Perform<SyncVmBackup> for Service {
    async fn perform(&self, context: Context, operation: SyncVmBackup) -> Result<SyncResultReply, ServiceError> {
        let done = self.reconcile(operation.image_store_uuid, &context.work).await?;
        let (new, deleted) = (count(done.grouped_backups.adopted), count(done.grouped_backups.removed));
        Ok(SyncResultReply { result: SyncBackupResult { deleted_backup_count: deleted, new_backup_count: new } })
    }
}

impl Perform<SyncImage> for Service {
    async fn perform(&self, context: Context, operation: SyncImage) -> Result<EmptyReply, ServiceError> {
        let done = self.reconcile(operation.image_store_uuid, &context.work).await?;
        let (new, deleted) = (done.images.adopted, done.images.removed);
        tracing::info!(storage = %operation.image_store_uuid, new, deleted, "reconciled the images of a storage");
        Ok(EmptyReply {})
    }
}
