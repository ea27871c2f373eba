//! Changing a system tag.

use crate::{Context, Perform, Refusal, Service, ServiceError, inventories, system_tags};
use imprint_api::{InventoryReply, SystemTagInventory, UpdateSystemTag};
use imprint_metadata::ChangedTag;

impl Perform<UpdateSystemTag> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: UpdateSystemTag,
    ) -> Result<InventoryReply<SystemTagInventory>, ServiceError> {
        let uuid = operation.uuid;
        let gone =
            || ServiceError::NotFound { field: "uuid".to_owned(), resource: "SystemTagVO", value: uuid.to_string() };
        let row = self.metadata.tag(uuid).await?.filter(|row| row.kind == "System").ok_or_else(gone)?;
        let kind = self.may_change(context.caller()?, "uuid", &row.resource).await?;
        if row.inherent {
            return Err(Refusal::InherentTag { tag: row.tag }.into());
        }
        system_tags::check_change(kind, &row.tag, &operation.tag)?;
        match self.metadata.update_tag(uuid, operation.tag.clone()).await? {
            ChangedTag::Changed(row) => Ok(InventoryReply { inventory: inventories::system_tag(*row, &self.zone) }),
            ChangedTag::Duplicate => Err(Refusal::DuplicateTag { tag: operation.tag, resource: row.resource }.into()),
            ChangedTag::Gone => Err(gone()),
        }
    }
}
