//! Having a backup storage serve a zone.

use crate::{Access, BackupStorageInventory, InventoryReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, ZoneUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Has a backup storage serve a zone. One that serves it already is fine.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachBackupStorageToZone {
    /// The zone.
    pub zone_uuid: ZoneUuid,
    /// The storage.
    pub backup_storage_uuid: BackupStorageUuid,
}

impl Operation for AttachBackupStorageToZone {
    const NAME: &'static str = "AttachBackupStorageToZone";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::create("/zones/{zoneUuid}/backup-storage/{backupStorageUuid}");
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<BackupStorageInventory>;
}
