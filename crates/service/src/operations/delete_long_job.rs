//! Forgetting a long job that has ended.

use super::update_long_job::not_in_state;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{DeleteLongJob, EmptyReply};

impl Perform<DeleteLongJob> for Service {
    async fn perform(&self, _: Context, operation: DeleteLongJob) -> Result<EmptyReply, ServiceError> {
        let uuid = operation.uuid;
        if self.metadata.delete_long_job(uuid).await? {
            return Ok(EmptyReply {});
        }
        match self.metadata.long_job(uuid).await? {
            Some(row) => Err(not_in_state(uuid, row.state, "only one that has ended can be deleted")),
            None => Ok(EmptyReply {}),
        }
    }
}
