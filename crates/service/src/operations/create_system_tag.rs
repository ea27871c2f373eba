//! Giving a resource a system tag.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError, inventories, system_tags};
use imprint_api::{CreateSystemTag, OptionalInventoryReply, SystemTagInventory};
use imprint_metadata::MadeTag;

impl Perform<CreateSystemTag> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CreateSystemTag,
    ) -> Result<OptionalInventoryReply<SystemTagInventory>, ServiceError> {
        let resource = operation.resource_uuid.to_string();
        let kind = self.tagged(context.caller()?, &operation.resource_type, &resource).await?;
        let kept = system_tags::check_later(kind, "tag", &[operation.tag])?;
        let made = self.metadata.create_tags(&resource, kind, "System", kept).await?;
        let made = made.ok_or_else(|| gone("resourceUuid", &operation.resource_uuid))?;
        let inventory = made.into_iter().find_map(|made| match made {
            MadeTag::Made(row) => Some(inventories::system_tag(*row, &self.zone)),
            MadeTag::Present => None,
        });
        Ok(OptionalInventoryReply { inventory })
    }
}
