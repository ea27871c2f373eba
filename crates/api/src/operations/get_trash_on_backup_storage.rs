//! What a backup storage keeps although nobody needs it.

use crate::{Access, Operation, Route, Runs, TrashReply};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lists what lies on a backup storage although no resource needs it any more. Nothing leaves such things behind yet: deleted
/// content stays part of the store.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetTrashOnBackupStorage {
    /// The storage.
    pub uuid: BackupStorageUuid,
    /// Only what was left of this resource.
    #[serde(default)]
    pub resource_uuid: Option<String>,
    /// Only what was left of resources of this kind.
    #[serde(default)]
    pub resource_type: Option<String>,
    /// Only what was left by this.
    #[serde(default)]
    #[schemars(extend("enum" = ["MigrateImage"]))]
    pub trash_type: Option<String>,
}

impl Operation for GetTrashOnBackupStorage {
    const NAME: &'static str = "GetTrashOnBackupStorage";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::get("/backup-storage/trash");
    const RUNS: Runs = Runs::Inline;
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "3.2.0";
    type Reply = TrashReply;
}
