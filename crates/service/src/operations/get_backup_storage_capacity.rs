//! How much backup storages hold.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{CapacityReply, GetBackupStorageCapacity};

impl Perform<GetBackupStorageCapacity> for Service {
    async fn perform(&self, _: Context, operation: GetBackupStorageCapacity) -> Result<CapacityReply, ServiceError> {
        let (mut total, mut available) = (0u64, 0u64);
        for storage in self.metadata.backup_storages().await? {
            let named = operation.backup_storage_uuids.contains(&storage.uuid);
            let in_zone = storage.zones.iter().any(|zone| operation.zone_uuids.contains(zone));
            if !(operation.all || named || in_zone) {
                continue;
            }
            let now = self.note_space(&storage).await?;
            total = total.saturating_add(now.total);
            available = available.saturating_add(now.available);
        }
        Ok(CapacityReply::new(total, available))
    }
}
