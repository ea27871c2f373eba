//! Deleting an access key.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{DeleteAccessKey, EmptyReply};

impl Perform<DeleteAccessKey> for Service {
    async fn perform(&self, _: Context, operation: DeleteAccessKey) -> Result<EmptyReply, ServiceError> {
        if let Some(key_id) = self.metadata.delete_access_key(operation.uuid).await? {
            self.access_keys.forget(&key_id);
        }
        Ok(EmptyReply {})
    }
}
