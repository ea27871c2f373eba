//! Changing what an image store says about itself.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{BackupStorageInventory, InventoryReply, UpdateImageStoreBackupStorage};
use imprint_metadata::BackupStorageChanges;

impl Perform<UpdateImageStoreBackupStorage> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: UpdateImageStoreBackupStorage,
    ) -> Result<InventoryReply<BackupStorageInventory>, ServiceError> {
        let uuid = operation.uuid;
        let changes = BackupStorageChanges {
            name: operation.name,
            description: operation.description,
            state: None,
            hostname: operation.hostname,
            username: operation.username,
            ssh_port: operation.ssh_port.and_then(|port| u64::try_from(port).ok()),
        };
        let row = self.metadata.update_backup_storage(uuid, changes).await?.ok_or_else(|| gone("uuid", &uuid))?;
        Ok(InventoryReply { inventory: inventories::backup_storage(row, &self.zone) })
    }
}
