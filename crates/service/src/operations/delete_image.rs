//! Deleting an image; it can be recovered until it is expunged.

use super::update_image::image_refused;
use crate::arguments::{all_existing, existing};
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{DeleteImage, EmptyReply};
use imprint_domain::ImageUuid;

impl Perform<DeleteImage> for Service {
    async fn perform(&self, context: Context, operation: DeleteImage) -> Result<EmptyReply, ServiceError> {
        let uuid: ImageUuid = existing("uuid", "ImageVO", &operation.uuid)?;
        let storages = all_existing("backupStorageUuids", "BackupStorageVO", operation.backup_storage_uuids.as_ref())?;
        self.own_image(context.caller()?, "uuid", uuid).await?;
        let deleted = self.metadata.delete_image(uuid, storages).await;
        deleted.map_err(|error| image_refused(error, "uuid", uuid))?;
        Ok(EmptyReply {})
    }
}
