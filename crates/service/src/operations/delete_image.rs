//! Deleting an image; it can be recovered until it is expunged, unless the settings say that it is at once.

use super::update_image::image_refused;
use crate::{Context, DeletionPolicy, Perform, Service, ServiceError};
use imprint_api::{DeleteImage, EmptyReply};

impl Perform<DeleteImage> for Service {
    async fn perform(&self, _: Context, operation: DeleteImage) -> Result<EmptyReply, ServiceError> {
        let uuid = operation.uuid;
        let storages = operation.backup_storage_uuids;
        if self.deletion.images == DeletionPolicy::Direct {
            self.refuse_untold_image(uuid, storages.as_deref()).await?;
        }
        let deleted = self.metadata.delete_image(uuid, storages.clone()).await;
        deleted.map_err(|error| image_refused(error, "uuid", uuid))?;
        self.jobs.end_upload(uuid);
        if self.deletion.images == DeletionPolicy::Direct {
            match self.expunge(uuid, storages).await {
                // Somebody else was faster.
                Err(ServiceError::NotFound { .. }) => {}
                expunged => expunged?,
            }
        }
        Ok(EmptyReply {})
    }
}
