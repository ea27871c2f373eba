//! Opening a backup storage again.

use crate::{Access, BackupStorageInventory, ErrorKind, InventoryReply, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Looks at the directory of a backup storage and opens its store anew: after its file system was away, or after a write to it
/// has failed. Refused while work on it runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReconnectBackupStorage {
    /// The storage.
    pub uuid: BackupStorageUuid,
}

impl Operation for ReconnectBackupStorage {
    const NAME: &'static str = "ReconnectBackupStorage";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::action("/backup-storage/{uuid}/actions");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::BACKUP_STORAGE_CONNECTION];
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<BackupStorageInventory>;
}
