//! Ending an image's download links.

use crate::arguments::existing;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{DeleteExportedImageFromBackupStorage, EmptyReply};
use imprint_domain::{BackupStorageUuid, ImageUuid};

impl Perform<DeleteExportedImageFromBackupStorage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: DeleteExportedImageFromBackupStorage,
    ) -> Result<EmptyReply, ServiceError> {
        let storage: BackupStorageUuid =
            existing("backupStorageUuid", "BackupStorageVO", &operation.backup_storage_uuid)?;
        let image: ImageUuid = existing("imageUuid", "ImageVO", &operation.image_uuid)?;
        self.own_image(context.caller()?, "imageUuid", image).await?;
        self.metadata.delete_exports(image, storage).await?;
        Ok(EmptyReply {})
    }
}
