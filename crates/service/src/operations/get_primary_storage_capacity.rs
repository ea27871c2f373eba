//! How much primary storages hold.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{GetPrimaryStorageCapacity, PrimaryCapacityReply};

impl Perform<GetPrimaryStorageCapacity> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: GetPrimaryStorageCapacity,
    ) -> Result<PrimaryCapacityReply, ServiceError> {
        let (mut total, mut available) = (0u64, 0u64);
        for storage in self.metadata.primary_storages().await? {
            let named = operation.primary_storage_uuids.contains(&storage.uuid);
            if operation.all || named || operation.zone_uuids.contains(&storage.zone) {
                let space = self.note_primary(&storage).await?;
                total = total.saturating_add(space.total);
                available = available.saturating_add(space.available);
            }
        }
        Ok(PrimaryCapacityReply::new(total, available))
    }
}
