//! Having a backup storage serve a zone no longer.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{BackupStorageInventory, DetachBackupStorageFromZone, InventoryReply};

impl Perform<DetachBackupStorageFromZone> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: DetachBackupStorageFromZone,
    ) -> Result<InventoryReply<BackupStorageInventory>, ServiceError> {
        let (storage, zone) = (operation.backup_storage_uuid, operation.zone_uuid);
        let row = self.metadata.detach_zone(storage, zone).await?;
        let row = row.ok_or_else(|| gone("backupStorageUuid", &storage))?;
        Ok(InventoryReply { inventory: inventories::backup_storage(row, &self.zone) })
    }
}
