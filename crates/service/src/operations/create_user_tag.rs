//! Giving a resource a tag of any text.

use crate::arguments::gone;
use crate::{Context, Perform, Refusal, Service, ServiceError, inventories};
use imprint_api::{CreateUserTag, InventoryReply, UserTagInventory};
use imprint_metadata::MadeTag;

impl Perform<CreateUserTag> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CreateUserTag,
    ) -> Result<InventoryReply<UserTagInventory>, ServiceError> {
        let resource = operation.resource_uuid.to_string();
        let kind = self.tagged(context.caller()?, &operation.resource_type, &resource).await?;
        let made = self.metadata.create_tags(&resource, kind, "User", vec![operation.tag.clone()]).await?;
        let made = made.ok_or_else(|| gone("resourceUuid", &operation.resource_uuid))?;
        match made.into_iter().next() {
            Some(MadeTag::Made(row)) => Ok(InventoryReply { inventory: inventories::user_tag(*row, &self.zone) }),
            _ => Err(Refusal::DuplicateTag { tag: operation.tag, resource }.into()),
        }
    }
}
