//! Noting which virtual machine uses a volume.

use crate::volume_files::vm_instance;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{AttachDataVolumeToVm, InventoryReply, VolumeInventory};

impl Perform<AttachDataVolumeToVm> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: AttachDataVolumeToVm,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        let vm = vm_instance("vmInstanceUuid", &operation.vm_instance_uuid)?;
        let row = self.attach_volume(operation.volume_uuid, vm).await?;
        Ok(InventoryReply { inventory: inventories::volume(row, &self.zone) })
    }
}
