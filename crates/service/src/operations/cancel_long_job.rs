//! Ending a long job early.

use super::update_long_job::not_in_state;
use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{CancelLongJob, EmptyReply};
use imprint_domain::LongJobState;

impl Perform<CancelLongJob> for Service {
    async fn perform(&self, _: Context, operation: CancelLongJob) -> Result<EmptyReply, ServiceError> {
        let uuid = operation.uuid;
        if self.metadata.move_long_job(uuid, &LongJobState::UNENDED, LongJobState::Canceling).await? {
            self.running_long_jobs.cancel(uuid);
            return Ok(EmptyReply {});
        }
        let row = self.metadata.long_job(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        match row.state {
            LongJobState::Canceled => Ok(EmptyReply {}),
            state => Err(not_in_state(uuid, state, "only one that has not ended can be cancelled")),
        }
    }
}
