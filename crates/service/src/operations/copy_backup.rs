//! Copying a backup from one backup storage to another. Both operations do the same: which storage is the remote one is not
//! known here.

use crate::arguments::gone;
use crate::copies::not_copied;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{
    InventoryReply, RecoverBackupFromImageStoreBackupStorage, SyncBackupFromImageStoreBackupStorage,
    VolumeBackupInventory,
};
use imprint_domain::{BackupStorageUuid, ResourceStatus, VolumeBackupUuid};
use imprint_jobs::CopyContentError;
use imprint_metadata::BeginCopyError;

impl Perform<SyncBackupFromImageStoreBackupStorage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: SyncBackupFromImageStoreBackupStorage,
    ) -> Result<InventoryReply<VolumeBackupInventory>, ServiceError> {
        let storages = (operation.src_backup_storage_uuid, operation.dst_backup_storage_uuid);
        self.copy_backup(context, operation.uuid, storages).await
    }
}

impl Perform<RecoverBackupFromImageStoreBackupStorage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: RecoverBackupFromImageStoreBackupStorage,
    ) -> Result<InventoryReply<VolumeBackupInventory>, ServiceError> {
        let storages = (operation.src_backup_storage_uuid, operation.dst_backup_storage_uuid);
        self.copy_backup(context, operation.uuid, storages).await
    }
}

impl Service {
    /// Copies a backup; one that is there already is answered as it is.
    pub(crate) async fn copy_backup(
        &self,
        context: Context,
        uuid: VolumeBackupUuid,
        storages: (BackupStorageUuid, BackupStorageUuid),
    ) -> Result<InventoryReply<VolumeBackupInventory>, ServiceError> {
        let row = self.metadata.volume_backup(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        let request = self.copy_request(&context, row.account, storages)?;
        let copied = match self.jobs.copy_backup(uuid, request).await {
            Err(CopyContentError::Begin(BeginCopyError::There { status: ResourceStatus::Ready })) => {
                self.metadata.volume_backup(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?
            }
            copied => copied.map_err(|error| not_copied(error, &format!("volume backup uuid:{uuid}"), storages))?,
        };
        Ok(InventoryReply { inventory: inventories::volume_backup(copied, &self.zone) })
    }
}
