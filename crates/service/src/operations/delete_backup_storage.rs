//! Removing a backup storage that holds nothing. Its directory is left as it is.

use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{DeleteBackupStorage, DeleteMode, EmptyReply};
use imprint_metadata::{DeleteBackupStorageError, Unpublished};

impl Perform<DeleteBackupStorage> for Service {
    async fn perform(&self, _: Context, operation: DeleteBackupStorage) -> Result<EmptyReply, ServiceError> {
        let uuid = operation.uuid;
        let storage = uuid.to_string();
        // Nobody adds the directory again meanwhile.
        let _adding = self.adding_storage.lock().await;
        // Whoever opens the store again shall find what was deleted deleted.
        if self.jobs.stores().get(uuid).is_some()
            && let Err(error) = self.jobs.publish(uuid).await
        {
            tracing::warn!(%error, %uuid, "the catalog of a storage that goes cannot be published");
        }
        let unpublished = match operation.delete_mode {
            DeleteMode::Permissive => Unpublished::Refuse,
            DeleteMode::Enforcing => Unpublished::Forget,
        };
        let deleted = self.metadata.delete_backup_storage(uuid, unpublished).await;
        deleted.map_err(|error| match error {
            DeleteBackupStorageError::InUse { backups, images } => {
                Refusal::StorageNotEmpty { storage, backups, images }.into()
            }
            DeleteBackupStorageError::Unpublished { records } => Refusal::StorageUntold { storage, records }.into(),
            DeleteBackupStorageError::Metadata(error) => ServiceError::from(error),
        })?;
        if let Err(error) = self.jobs.disconnect(uuid).await {
            // Its lock goes with whoever reads from it still.
            tracing::warn!(%error, %uuid, "the store of a removed storage is still open");
        }
        Ok(EmptyReply {})
    }
}
