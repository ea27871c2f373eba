//! Removing what a backup storage keeps although nobody needs it: nothing leaves such things behind.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{CleanTrashResult, CleanUpTrashOnBackupStorage, CleanUpTrashReply};

impl Perform<CleanUpTrashOnBackupStorage> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: CleanUpTrashOnBackupStorage,
    ) -> Result<CleanUpTrashReply, ServiceError> {
        if let Some(trash) = operation.trash_id {
            let (field, value) = ("trashId".to_owned(), trash.to_string());
            return Err(ServiceError::NotFound { field, resource: "InstallPathRecycleVO", value });
        }
        Ok(CleanUpTrashReply { result: CleanTrashResult::default(), results: Vec::new() })
    }
}
