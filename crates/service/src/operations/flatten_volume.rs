//! Making a volume independent. Volumes here are made so.

use crate::volume_files::check_status;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{FlattenVolume, InventoryReply, VolumeInventory};
use imprint_domain::ResourceStatus;

impl Perform<FlattenVolume> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: FlattenVolume,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        // A file with a backing file is refused when it is registered, and none is made here.
        let volume = self.volume("uuid", operation.uuid).await?;
        check_status(&volume, ResourceStatus::Ready)?;
        Ok(InventoryReply { inventory: inventories::volume(volume, &self.zone) })
    }
}
