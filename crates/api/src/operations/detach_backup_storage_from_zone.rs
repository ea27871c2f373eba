//! Having a backup storage serve a zone no longer.

use crate::{Access, BackupStorageInventory, InventoryReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, ZoneUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Has a backup storage serve a zone no longer. What lies on it stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DetachBackupStorageFromZone {
    /// The storage.
    pub backup_storage_uuid: BackupStorageUuid,
    /// The zone.
    pub zone_uuid: ZoneUuid,
}

impl Operation for DetachBackupStorageFromZone {
    const NAME: &'static str = "DetachBackupStorageFromZone";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::delete("/zones/{zoneUuid}/backup-storage/{backupStorageUuid}");
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<BackupStorageInventory>;
}
