//! Taking the deletion of a volume back.

use crate::volume_files::{ChangeVolumeError, check_status};
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, RecoverDataVolume, VolumeInventory};
use imprint_domain::ResourceStatus;

impl Perform<RecoverDataVolume> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: RecoverDataVolume,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        let changed = self.metadata.change_volume(operation.uuid, |row, _| {
            check_status(row, ResourceStatus::Deleted)?;
            row.status = ResourceStatus::Ready;
            row.deleted = None;
            Ok::<(), ChangeVolumeError>(())
        });
        Ok(InventoryReply { inventory: inventories::volume(changed.await?, &self.zone) })
    }
}
