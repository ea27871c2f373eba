//! Ending an image's download links.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{DeleteExportedImageFromBackupStorage, EmptyReply};

impl Perform<DeleteExportedImageFromBackupStorage> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: DeleteExportedImageFromBackupStorage,
    ) -> Result<EmptyReply, ServiceError> {
        let storage = operation.backup_storage_uuid;
        let image = operation.image_uuid;
        self.metadata.delete_exports(image, storage).await?;
        Ok(EmptyReply {})
    }
}
