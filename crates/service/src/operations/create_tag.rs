//! Making a tag pattern.

use crate::arguments::{new_tags, shortened};
use crate::tag_tokens::tokens;
use crate::{Context, Perform, Service, ServiceError, inventories, system_tags};
use imprint_api::{CreateTag, InventoryReply, ResourceKind, TagPatternInventory};
use imprint_domain::TagPatternUuid;
use imprint_metadata::TagPatternRow;

impl Perform<CreateTag> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CreateTag,
    ) -> Result<InventoryReply<TagPatternInventory>, ServiceError> {
        let caller = context.caller()?;
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), TagPatternUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::TagPattern, &operation.system_tags)?;
        check_color(operation.color.as_deref())?;
        if operation.kind == "withToken" {
            tokens(&operation.value)?;
        }
        let now = self.clock.now();
        let row = TagPatternRow {
            uuid,
            name: operation.name,
            value: operation.value,
            description: operation.description,
            color: operation.color,
            kind: operation.kind,
            account: caller.account,
            created: now,
            changed: now,
        };
        let tags = new_tags(system_tags, operation.user_tags, operation.tag_uuids);
        let made = self.metadata.create_tag_pattern(row.clone(), tags).await;
        made.map_err(|error| ServiceError::from_create(error, &uuid))?;
        Ok(InventoryReply { inventory: inventories::tag_pattern(row, &self.zone) })
    }
}

/// A colour is six hex digits behind a `#`.
pub(super) fn check_color(color: Option<&str>) -> Result<(), ServiceError> {
    let Some(color) = color else { return Ok(()) };
    let digits = color.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(());
    }
    let reason = "must be a colour such as #a0b1c2".to_owned();
    Err(ServiceError::InvalidArgument { field: "color", value: shortened(color), reason })
}
