//! Enabling and disabling a backup storage: what writes to it, or makes something of it, looks at its state.

use crate::arguments::{gone, state_after};
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{BackupStorageInventory, ChangeBackupStorageState, InventoryReply};
use imprint_metadata::BackupStorageChanges;

impl Perform<ChangeBackupStorageState> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: ChangeBackupStorageState,
    ) -> Result<InventoryReply<BackupStorageInventory>, ServiceError> {
        let uuid = operation.uuid;
        let state = Some(state_after(&operation.state_event));
        let changes = BackupStorageChanges { state, ..BackupStorageChanges::default() };
        let row = self.metadata.update_backup_storage(uuid, changes).await?.ok_or_else(|| gone("uuid", &uuid))?;
        Ok(InventoryReply { inventory: inventories::backup_storage(row, &self.zone) })
    }
}
