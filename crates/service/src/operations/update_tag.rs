//! Changing a tag pattern.

use super::create_tag::check_color;
use crate::arguments::gone;
use crate::tag_tokens::tokens;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, TagPatternInventory, UpdateTag};
use imprint_metadata::TagPatternChanges;

impl Perform<UpdateTag> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: UpdateTag,
    ) -> Result<InventoryReply<TagPatternInventory>, ServiceError> {
        let uuid = operation.uuid;
        check_color(operation.color.as_deref())?;
        let row = self.metadata.tag_pattern(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        if let Some(value) = operation.value.as_deref().filter(|_| row.kind == "withToken") {
            tokens(value)?;
        }
        let changes = TagPatternChanges {
            name: operation.name,
            value: operation.value,
            description: operation.description,
            color: operation.color,
        };
        let row = self.metadata.update_tag_pattern(uuid, changes).await?.ok_or_else(|| gone("uuid", &uuid))?;
        Ok(InventoryReply { inventory: inventories::tag_pattern(row, &self.zone) })
    }
}
