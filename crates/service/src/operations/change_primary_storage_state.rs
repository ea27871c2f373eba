//! Enabling and disabling a primary storage: whatever makes a volume on it looks at its state.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{ChangePrimaryStorageState, InventoryReply, PrimaryStorageInventory};
use imprint_domain::ResourceState;
use imprint_metadata::PrimaryStorageChanges;

impl Perform<ChangePrimaryStorageState> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: ChangePrimaryStorageState,
    ) -> Result<InventoryReply<PrimaryStorageInventory>, ServiceError> {
        let uuid = operation.uuid;
        let state = match operation.state_event.as_str() {
            "enable" => ResourceState::Enabled,
            "maintain" => ResourceState::Maintenance,
            "deleting" => ResourceState::Deleting,
            _ => ResourceState::Disabled,
        };
        let changes = PrimaryStorageChanges { state: Some(state), ..PrimaryStorageChanges::default() };
        let row = self.metadata.update_primary_storage(uuid, changes).await?.ok_or_else(|| gone("uuid", &uuid))?;
        Ok(InventoryReply { inventory: inventories::primary_storage(row, &self.zone) })
    }
}
