//! Copying the backups of a group from one backup storage to another. Both operations do the same: which storage is the
//! remote one is not known here.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{
    InventoriesReply, RecoverVmBackupFromImageStoreBackupStorage, SyncVmBackupFromImageStoreBackupStorage,
    VolumeBackupInventory,
};
use imprint_domain::BackupStorageUuid;

impl Perform<SyncVmBackupFromImageStoreBackupStorage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: SyncVmBackupFromImageStoreBackupStorage,
    ) -> Result<InventoriesReply<VolumeBackupInventory>, ServiceError> {
        let storages = (operation.src_backup_storage_uuid, operation.dst_backup_storage_uuid);
        self.copy_group(context, &operation.group_uuid, storages).await
    }
}

impl Perform<RecoverVmBackupFromImageStoreBackupStorage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: RecoverVmBackupFromImageStoreBackupStorage,
    ) -> Result<InventoriesReply<VolumeBackupInventory>, ServiceError> {
        let storages = (operation.src_backup_storage_uuid, operation.dst_backup_storage_uuid);
        self.copy_group(context, &operation.group_uuid, storages).await
    }
}

impl Service {
    /// Copies one backup after the other; those that are there already are answered as they are.
    async fn copy_group(
        &self,
        context: Context,
        group: &str,
        storages: (BackupStorageUuid, BackupStorageUuid),
    ) -> Result<InventoriesReply<VolumeBackupInventory>, ServiceError> {
        let backups = self.existing_group(&context, group).await?;
        let mut inventories = Vec::with_capacity(backups.len());
        let percent = |nth: usize| u8::try_from(nth * 100 / backups.len()).unwrap_or(100);
        for (nth, backup) in backups.iter().enumerate() {
            context.work.begin_part(percent(nth)..percent(nth + 1));
            let copied = self.copy_backup(context.clone(), backup.uuid, storages).await?;
            inventories.push(copied.inventory);
        }
        Ok(InventoriesReply { inventories })
    }
}
