//! Copies all backups of a group from one backup storage to another.

use crate::{InventoriesReply, Operation, Route, VolumeBackupInventory};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Copies all backups of a group from one backup storage to another: they are on both afterwards. Backups
/// that are there already are answered as they are, so that what has failed half-way is ended by asking again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncVmBackupFromImageStoreBackupStorage {
    /// The group.
    pub group_uuid: String,
    /// The storage that the backups are read from.
    pub src_backup_storage_uuid: BackupStorageUuid,
    /// The storage that they are copied to.
    pub dst_backup_storage_uuid: BackupStorageUuid,
}

impl Operation for SyncVmBackupFromImageStoreBackupStorage {
    const NAME: &'static str = "SyncVmBackupFromImageStoreBackupStorage";
    const GROUP: &'static str = "vm backup";
    const ROUTE: Route = Route::action("/vm-backups/{groupUuid}/actions");
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    type Reply = InventoriesReply<VolumeBackupInventory>;
}
