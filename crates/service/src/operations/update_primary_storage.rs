//! Changing what a primary storage says about itself.

use crate::arguments::{gone, shortened};
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, PrimaryStorageInventory, UpdatePrimaryStorage};
use imprint_metadata::PrimaryStorageChanges;

impl Perform<UpdatePrimaryStorage> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: UpdatePrimaryStorage,
    ) -> Result<InventoryReply<PrimaryStorageInventory>, ServiceError> {
        let uuid = operation.uuid;
        let row = self.metadata.primary_storage(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        if let Some(other) = operation.url.filter(|url| *url != row.url) {
            let reason = format!("volumes lie in '{}', which cannot be changed; add another storage", row.url);
            return Err(ServiceError::InvalidArgument { field: "url", value: shortened(&other), reason });
        }
        let changes = PrimaryStorageChanges { name: operation.name, description: operation.description, state: None };
        let row = self.metadata.update_primary_storage(uuid, changes).await?.ok_or_else(|| gone("uuid", &uuid))?;
        Ok(InventoryReply { inventory: inventories::primary_storage(row, &self.zone) })
    }
}
