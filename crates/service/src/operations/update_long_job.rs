//! Changing the name or description of a long job.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, LongJobInventory, UpdateLongJob};
use imprint_domain::{LongJobState, LongJobUuid};

impl Perform<UpdateLongJob> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: UpdateLongJob,
    ) -> Result<InventoryReply<LongJobInventory>, ServiceError> {
        let uuid = operation.uuid;
        let row = self.metadata.update_long_job(uuid, operation.name, operation.description).await?;
        let row = row.ok_or_else(|| gone("uuid", &uuid))?;
        Ok(InventoryReply { inventory: inventories::long_job(row, &self.zone) })
    }
}

/// A job's state refuses what was asked.
pub(super) fn not_in_state(uuid: LongJobUuid, state: LongJobState, needed: &str) -> ServiceError {
    ServiceError::InvalidArgument {
        field: "uuid",
        value: uuid.to_string(),
        reason: format!("the long job is {state}: {needed}"),
    }
}
