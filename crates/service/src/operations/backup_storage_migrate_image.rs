//! Moving an image from one backup storage to another. It is removed from the first when it is whole, and known by the
//! catalog, in the second: whatever happens in between, it is on one of them.

use crate::arguments::gone;
use crate::copies::not_copied;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{BackupStorageMigrateImage, ImageInventory, InventoryReply};
use imprint_domain::ResourceStatus;
use imprint_jobs::CopyContentError;
use imprint_metadata::BeginCopyError;

impl Perform<BackupStorageMigrateImage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: BackupStorageMigrateImage,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let uuid = operation.image_uuid;
        let storages = (operation.src_backup_storage_uuid, operation.dst_backup_storage_uuid);
        let row = self.metadata.image(uuid).await?.ok_or_else(|| gone("imageUuid", &uuid))?;
        self.refuse_untold_image(uuid, Some(&[storages.0])).await?;
        let request = self.copy_request(&context, row.account, storages)?;
        match self.jobs.copy_image(uuid, request).await {
            // It was copied before: only the removal is left to do.
            Err(CopyContentError::Begin(BeginCopyError::There { status: ResourceStatus::Ready })) => {}
            copied => {
                copied.map_err(|error| not_copied(error, &format!("image uuid:{uuid}"), storages))?;
            }
        }
        if self.metadata.begin_image_removal(uuid, storages.0).await? {
            self.jobs.publish(storages.0).await?;
            self.metadata.end_image_expunge(uuid).await?;
        }
        let row = self.metadata.image(uuid).await?.ok_or_else(|| gone("imageUuid", &uuid))?;
        Ok(InventoryReply { inventory: self.image_inventory(row, context.reader()) })
    }
}
