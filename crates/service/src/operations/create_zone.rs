//! Making a zone.

use crate::arguments::new_tags;
use crate::{Context, Perform, Service, ServiceError, inventories, system_tags};
use imprint_api::{CreateZone, InventoryReply, ResourceKind, ZoneInventory};
use imprint_domain::{ResourceState, ZoneUuid};
use imprint_metadata::ZoneRow;

impl Perform<CreateZone> for Service {
    async fn perform(&self, _: Context, operation: CreateZone) -> Result<InventoryReply<ZoneInventory>, ServiceError> {
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), ZoneUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::Zone, &operation.system_tags)?;
        let now = self.clock.now();
        let row = ZoneRow {
            uuid,
            // The protocol gives a zone no name of its own.
            name: format!("zone-{}", uuid.to_string().chars().take(8).collect::<String>()),
            description: operation.description,
            state: ResourceState::Enabled,
            kind: "zstack".to_owned(),
            is_default: operation.is_default.unwrap_or(false),
            created: now,
            changed: now,
        };
        let tags = new_tags(system_tags, operation.user_tags, operation.tag_uuids);
        let made = self.metadata.create_zone(row.clone(), tags).await;
        made.map_err(|error| ServiceError::from_create(error, &uuid))?;
        Ok(InventoryReply { inventory: inventories::zone(row, &self.zone) })
    }
}
