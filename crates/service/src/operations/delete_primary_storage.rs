//! Removing a primary storage that no volume lies on. Its directory is left as it is.

use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{DeletePrimaryStorage, EmptyReply};

impl Perform<DeletePrimaryStorage> for Service {
    async fn perform(&self, _: Context, operation: DeletePrimaryStorage) -> Result<EmptyReply, ServiceError> {
        let uuid = operation.uuid;
        if self.metadata.delete_primary_storage(uuid).await? {
            Ok(EmptyReply {})
        } else {
            Err(Refusal::InUse { what: "primary storage", uuid: uuid.to_string(), by: "volumes" }.into())
        }
    }
}
