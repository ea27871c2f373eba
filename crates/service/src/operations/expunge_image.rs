//! Removing a deleted image for good. What it stored is freed by collection, once no other root reaches it.

use super::update_image::image_refused;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{EmptyReply, ExpungeImage};
use imprint_domain::{BackupStorageUuid, ImageUuid};

impl Perform<ExpungeImage> for Service {
    async fn perform(&self, _: Context, operation: ExpungeImage) -> Result<EmptyReply, ServiceError> {
        let uuid = operation.image_uuid;
        let storages = operation.backup_storage_uuids;
        self.expunge(uuid, storages).await?;
        Ok(EmptyReply {})
    }
}

impl Service {
    /// Tombstones first: whoever rebuilds the database from a store must not bring the image back.
    pub(crate) async fn expunge(
        &self,
        uuid: ImageUuid,
        storages: Option<Vec<BackupStorageUuid>>,
    ) -> Result<(), ServiceError> {
        self.refuse_untold_image(uuid, storages.as_deref()).await?;
        let begun = self.metadata.begin_image_expunge(uuid, storages).await;
        let begun = begun.map_err(|error| image_refused(error, "imageUuid", uuid))?;
        for storage in begun {
            self.jobs.publish(storage).await?;
        }
        self.metadata.end_image_expunge(uuid).await?;
        self.jobs.end_upload(uuid);
        Ok(())
    }
}
