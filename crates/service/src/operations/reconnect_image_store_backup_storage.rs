//! Opening an image store again.

use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{ImageStoreBackupStorageInventory, InventoryReply, ReconnectImageStoreBackupStorage};

impl Perform<ReconnectImageStoreBackupStorage> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: ReconnectImageStoreBackupStorage,
    ) -> Result<InventoryReply<ImageStoreBackupStorageInventory>, ServiceError> {
        let row = self.reconnect(operation.uuid).await?;
        Ok(InventoryReply { inventory: inventories::image_store(row, &self.zone) })
    }
}
