//! Changing how much an account may have.

use crate::arguments::shortened;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, QuotaInventory, UpdateQuota};

impl Perform<UpdateQuota> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: UpdateQuota,
    ) -> Result<InventoryReply<QuotaInventory>, ServiceError> {
        let value = u64::try_from(operation.value).unwrap_or_default();
        let row = self.metadata.set_quota(operation.identity_uuid, &operation.name, value).await?;
        let row = row.ok_or_else(|| ServiceError::InvalidArgument {
            field: "name",
            value: shortened(&operation.name),
            reason: "the account has no such quota; an administrator has none at all".to_owned(),
        })?;
        Ok(InventoryReply { inventory: inventories::quota(row, &self.zone) })
    }
}
