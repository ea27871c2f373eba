//! Changing a volume's description.

use crate::volume_files::ChangeVolumeError;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, UpdateVolume, VolumeInventory};

impl Perform<UpdateVolume> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: UpdateVolume,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        let UpdateVolume { uuid, name, description } = operation;
        let changed = self.metadata.change_volume(uuid, move |row, _| {
            row.name = name.unwrap_or_else(|| row.name.clone());
            row.description = description.or_else(|| row.description.clone());
            Ok::<(), ChangeVolumeError>(())
        });
        Ok(InventoryReply { inventory: inventories::volume(changed.await?, &self.zone) })
    }
}
