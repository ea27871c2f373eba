//! Copying a backup from one backup storage to another.

use crate::{InventoryReply, Operation, Route, VolumeBackupInventory};
use imprint_domain::{BackupStorageUuid, VolumeBackupUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Copies a backup from one backup storage to another: it is on both afterwards. Where both have another backup of the volume
/// in common, only what differs from that is read and stored. A backup that is there already is answered as it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncBackupFromImageStoreBackupStorage {
    /// The backup.
    pub uuid: VolumeBackupUuid,
    /// The storage that it is read from.
    pub src_backup_storage_uuid: BackupStorageUuid,
    /// The storage that it is copied to.
    pub dst_backup_storage_uuid: BackupStorageUuid,
}

impl Operation for SyncBackupFromImageStoreBackupStorage {
    const NAME: &'static str = "SyncBackupFromImageStoreBackupStorage";
    const GROUP: &'static str = "volume backup";
    const ROUTE: Route = Route::action("/volume-backups/{uuid}/actions");
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    type Reply = InventoryReply<VolumeBackupInventory>;
}
