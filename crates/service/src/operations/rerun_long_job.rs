//! Running a long job once more: as its owner, who reads its result, whoever asks for it.

use super::update_long_job::not_in_state;
use crate::arguments::gone;
use crate::{Caller, Context, Perform, Refusal, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, LongJobInventory, RerunLongJob};

impl Perform<RerunLongJob> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: RerunLongJob,
    ) -> Result<InventoryReply<LongJobInventory>, ServiceError> {
        let uuid = operation.uuid;
        let row = self.metadata.long_job(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        // What is shown of them lacks secrets.
        let data = self.metadata.long_job_data(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        let owner = self.metadata.account(row.account).await?.ok_or(Refusal::AccountGone)?;
        let owner = Caller { account: owner.uuid, administrator: owner.is_administrator() };
        let checked = self.check_long_job(&context, owner, (&row.job_name, &data)).await?;
        let run = self.long_job_run(uuid, context.job);
        if !self.metadata.begin_long_job_again(&run, owner.account).await? {
            return Err(not_in_state(uuid, row.state, "only one that has ended can run again"));
        }
        self.run_long_job(uuid, checked, context);
        let row = self.metadata.long_job(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        Ok(InventoryReply { inventory: inventories::long_job(row, &self.zone) })
    }
}
