//! Correcting the size of an image from what is stored of it.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{ImageInventory, InventoryReply, SyncImageSize};
use imprint_domain::ResourceStatus;

impl Perform<SyncImageSize> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: SyncImageSize,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let uuid = operation.uuid;
        let mut image = self.metadata.image(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        let stored = image.refs.iter().find(|reference| reference.status == ResourceStatus::Ready);
        if let Some(reference) = stored {
            let sizes = imprint_jobs::sizes_of(&reference.root);
            let (size, actual) = sizes.map_err(|error| ServiceError::internal("decode a root")(error.into()))?;
            if (size, actual) != (image.size, image.actual_size) {
                self.metadata.set_image_sizes(uuid, size, actual).await?;
                image = self.metadata.image(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
            }
        }
        Ok(InventoryReply { inventory: self.image_inventory(image, context.reader()) })
    }
}
