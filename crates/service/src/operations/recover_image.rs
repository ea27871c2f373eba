//! Making a deleted image Ready again.

use super::update_image::image_refused;
use crate::arguments::{all_existing, existing};
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{ImageInventory, InventoryReply, RecoverImage};
use imprint_domain::ImageUuid;

impl Perform<RecoverImage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: RecoverImage,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let uuid: ImageUuid = existing("imageUuid", "ImageVO", &operation.image_uuid)?;
        // An empty list means all, as an absent one does.
        let named = Some(&operation.backup_storage_uuids).filter(|list| !list.is_empty());
        let storages = all_existing("backupStorageUuids", "BackupStorageVO", named)?;
        self.own_image(context.caller()?, "imageUuid", uuid).await?;
        let row = self.metadata.recover_image(uuid, storages).await;
        let row = row.map_err(|error| image_refused(error, "imageUuid", uuid))?;
        Ok(InventoryReply { inventory: inventories::image(row, &self.zone) })
    }
}
