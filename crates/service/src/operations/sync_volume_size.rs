//! Looking at a volume's file.

use crate::volume_files::{ChangeVolumeError, check_status};
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, SyncVolumeSize, VolumeInventory};
use imprint_domain::ResourceStatus;

impl Perform<SyncVolumeSize> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: SyncVolumeSize,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        let uuid = operation.uuid;
        let volume = self.volume("uuid", uuid).await?;
        check_status(&volume, ResourceStatus::Ready)?;
        let source = self.source_of(&volume).await?;
        let file = source.file.clone();
        let sizes = tokio::task::spawn_blocking(move || source.sizes()).await;
        let sizes = sizes.map_err(|error| ServiceError::internal("look at a volume's file")(error.into()))?;
        let sizes = sizes.map_err(|error| ServiceError::from_source(error, &uuid.to_string(), &file))?;
        let changed = self.metadata.change_volume(uuid, move |row, _| {
            (row.size, row.actual_size) = (sizes.size, sizes.occupied);
            Ok::<(), ChangeVolumeError>(())
        });
        Ok(InventoryReply { inventory: inventories::volume(changed.await?, &self.zone) })
    }
}
