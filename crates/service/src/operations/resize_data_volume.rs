//! Making a volume larger.

use crate::volume_files::{ChangeVolumeError, refuse_reverting, volume_refused};
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, ResizeDataVolume, VolumeInventory};
use imprint_domain::VolumeSize;
use imprint_jobs::{ResizeError, WriteVolumeError};

impl Perform<ResizeDataVolume> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: ResizeDataVolume,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        let uuid = operation.uuid;
        let invalid =
            |reason: String| ServiceError::InvalidArgument { field: "size", value: operation.size.to_string(), reason };
        let size = u64::try_from(operation.size).map_err(|_| invalid("it must be positive".to_owned()))?;
        VolumeSize::new(size).map_err(|error| invalid(error.to_string()))?;
        let volume = self.usable_volume("uuid", uuid).await?;
        refuse_reverting(&volume)?;
        let source = self.source_of(&volume).await?;
        let file = source.file.clone();
        let grown = self.jobs.grow(source, size, &context.work).await;
        let sizes = grown.map_err(|error| match error {
            ResizeError::Shrinks { found } => invalid(format!("a volume only grows, and this one has {found} bytes")),
            ResizeError::Write(WriteVolumeError::Layout(error)) => invalid(error.to_string()),
            ResizeError::Write(error) => volume_refused(error, uuid, &file, None),
        })?;
        let changed = self.metadata.change_volume(uuid, move |row, _| {
            (row.size, row.actual_size) = (sizes.size, sizes.occupied);
            Ok::<(), ChangeVolumeError>(())
        });
        Ok(InventoryReply { inventory: inventories::volume(changed.await?, &self.zone) })
    }
}
