//! Making a deleted image Ready again.

use super::update_image::image_refused;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{ImageInventory, InventoryReply, RecoverImage};

impl Perform<RecoverImage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: RecoverImage,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let uuid = operation.image_uuid;
        // An empty list means all, as an absent one does.
        let storages = Some(operation.backup_storage_uuids).filter(|list| !list.is_empty());
        let row = self.metadata.recover_image(uuid, storages).await;
        let row = row.map_err(|error| image_refused(error, "imageUuid", uuid))?;
        Ok(InventoryReply { inventory: self.image_inventory(row, context.reader()) })
    }
}
