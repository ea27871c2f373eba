//! Enabling and disabling a volume.

use crate::volume_files::ChangeVolumeError;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{ChangeVolumeState, InventoryReply, VolumeInventory};
use imprint_domain::ResourceState;

impl Perform<ChangeVolumeState> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: ChangeVolumeState,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        let disable = operation.state_event == "disable";
        let state = if disable { ResourceState::Disabled } else { ResourceState::Enabled };
        let changed = self.metadata.change_volume(operation.uuid, move |row, _| {
            row.state = state;
            Ok::<(), ChangeVolumeError>(())
        });
        Ok(InventoryReply { inventory: inventories::volume(changed.await?, &self.zone) })
    }
}
