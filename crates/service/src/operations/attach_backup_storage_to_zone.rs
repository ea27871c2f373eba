//! Having a backup storage serve a zone.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{AttachBackupStorageToZone, BackupStorageInventory, InventoryReply};

impl Perform<AttachBackupStorageToZone> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: AttachBackupStorageToZone,
    ) -> Result<InventoryReply<BackupStorageInventory>, ServiceError> {
        let (storage, zone) = (operation.backup_storage_uuid, operation.zone_uuid);
        let row = self.metadata.attach_zone(storage, zone).await?;
        let row = row.ok_or_else(|| gone("backupStorageUuid", &storage))?;
        Ok(InventoryReply { inventory: inventories::backup_storage(row, &self.zone) })
    }
}
