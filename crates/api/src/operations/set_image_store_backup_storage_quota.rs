//! Bounding what an image store may hold.

use crate::{Access, EmptyReply, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bounds what image stores may hold: backups and images beyond it are refused, and their capacity is that much. What is there
/// already stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetImageStoreBackupStorageQuota {
    /// The storages; all of them unless given.
    #[serde(default)]
    pub uuids: Option<Vec<BackupStorageUuid>>,
    /// Bytes that each of them may hold; 0: as many as there is room for.
    #[schemars(extend("default" = 0))]
    pub max_capacity: i64,
}

impl Operation for SetImageStoreBackupStorageQuota {
    const NAME: &'static str = "SetImageStoreBackupStorageQuota";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::action("/backup-storage/image-store/actions");
    const ACCESS: Access = Access::Administrator;
    type Reply = EmptyReply;
}
