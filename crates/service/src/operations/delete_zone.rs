//! Deleting a zone that nothing is in.

use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{DeleteZone, EmptyReply};

impl Perform<DeleteZone> for Service {
    async fn perform(&self, _: Context, operation: DeleteZone) -> Result<EmptyReply, ServiceError> {
        let uuid = operation.uuid;
        if self.metadata.delete_zone(uuid).await? {
            Ok(EmptyReply {})
        } else {
            Err(Refusal::InUse { what: "zone", uuid: uuid.to_string(), by: "storages" }.into())
        }
    }
}
