//! Noting that a volume is not used any more.

use crate::volume_files::{attach_refused, vm_instance};
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{DetachDataVolumeFromVm, InventoryReply, VolumeInventory};

impl Perform<DetachDataVolumeFromVm> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: DetachDataVolumeFromVm,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        let uuid = operation.uuid;
        let vm = operation.vm_uuid.map(|vm| vm_instance("vmUuid", &vm)).transpose()?;
        let row = self.metadata.detach_volume(uuid, vm).await;
        let row = row.map_err(|error| attach_refused(error, "uuid", uuid))?;
        Ok(InventoryReply { inventory: inventories::volume(row, &self.zone) })
    }
}
