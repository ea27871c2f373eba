//! Opening a backup storage again.

use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{BackupStorageInventory, InventoryReply, ReconnectBackupStorage};

impl Perform<ReconnectBackupStorage> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: ReconnectBackupStorage,
    ) -> Result<InventoryReply<BackupStorageInventory>, ServiceError> {
        let row = self.reconnect(operation.uuid).await?;
        Ok(InventoryReply { inventory: inventories::backup_storage(row, &self.zone) })
    }
}
