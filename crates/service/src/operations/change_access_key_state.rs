//! Enabling and disabling an access key.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{AccessKeyInventory, ChangeAccessKeyState, InventoryReply};
use imprint_domain::ResourceState;

impl Perform<ChangeAccessKeyState> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: ChangeAccessKeyState,
    ) -> Result<InventoryReply<AccessKeyInventory>, ServiceError> {
        let state = if operation.state_event == "enable" { ResourceState::Enabled } else { ResourceState::Disabled };
        let changed = self.metadata.set_access_key_state(operation.uuid, state).await?;
        let row = changed.ok_or_else(|| gone("uuid", &operation.uuid))?;
        self.access_keys.forget(&row.key_id);
        Ok(InventoryReply { inventory: inventories::access_key(row, &self.zone) })
    }
}
