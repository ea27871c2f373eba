//! Changing an image's description.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{ImageInventory, InventoryReply, UpdateImage};
use imprint_domain::ImageUuid;
use imprint_metadata::ImageChanges;

impl Perform<UpdateImage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: UpdateImage,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let uuid = operation.uuid;
        let known = |_| ServiceError::internal("read a checked value")("mediaType or format".into());
        let changes = ImageChanges {
            state: None,
            name: operation.name,
            description: operation.description,
            guest_os_type: operation.guest_os_type,
            media_type: operation.media_type.map(|name| name.parse()).transpose().map_err(known)?,
            format: operation.format.map(|name| name.parse()).transpose().map_err(known)?,
            system: operation.system,
            platform: operation.platform,
            architecture: operation.architecture,
            virtio: operation.virtio,
        };
        let row = self.metadata.update_image(uuid, changes).await;
        let row = row.map_err(|error| image_refused(error, "uuid", uuid))?;
        // Another format has another digest.
        self.jobs.image_made();
        Ok(InventoryReply { inventory: self.image_inventory(row, context.reader()) })
    }
}

/// What a refused change of an image means to its caller.
pub(crate) fn image_refused(
    error: imprint_metadata::ChangeImageError,
    field: &'static str,
    image: ImageUuid,
) -> ServiceError {
    use imprint_metadata::ChangeImageError as Error;
    match error {
        Error::Gone => gone(field, &image),
        Error::NotDeleted { status } => {
            crate::Refusal::ImageStatus { image, status, needed: "it must be Deleted" }.into()
        }
        Error::NotOnStorage { storage } => ServiceError::InvalidArgument {
            field: "backupStorageUuids",
            value: storage.to_string(),
            reason: format!("image uuid:{image} is not on that backup storage"),
        },
        Error::Metadata(error) => error.into(),
    }
}
