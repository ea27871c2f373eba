//! Opening an image store again.

use crate::{Access, ErrorKind, ImageStoreBackupStorageInventory, InventoryReply, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Looks at the directory of an image store and opens it anew: after its file system was away, or after a write to it has
/// failed. Refused while work on it runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReconnectImageStoreBackupStorage {
    /// The storage.
    pub uuid: BackupStorageUuid,
}

impl Operation for ReconnectImageStoreBackupStorage {
    const NAME: &'static str = "ReconnectImageStoreBackupStorage";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::action("/backup-storage/image-store/{uuid}/actions");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::BACKUP_STORAGE_CONNECTION];
    const ACCESS: Access = Access::Administrator;
    type Reply = InventoryReply<ImageStoreBackupStorageInventory>;
}
