//! Changing what a backup storage says about itself.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{BackupStorageInventory, InventoryReply, UpdateBackupStorage};
use imprint_metadata::BackupStorageChanges;

impl Perform<UpdateBackupStorage> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: UpdateBackupStorage,
    ) -> Result<InventoryReply<BackupStorageInventory>, ServiceError> {
        let uuid = operation.uuid;
        let changes = BackupStorageChanges {
            name: operation.name,
            description: operation.description,
            ..BackupStorageChanges::default()
        };
        let row = self.metadata.update_backup_storage(uuid, changes).await?.ok_or_else(|| gone("uuid", &uuid))?;
        Ok(InventoryReply { inventory: inventories::backup_storage(row, &self.zone) })
    }
}
