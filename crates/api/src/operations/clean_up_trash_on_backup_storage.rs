//! Removing what a backup storage keeps although nobody needs it.

use crate::{Access, CleanUpTrashReply, Effect, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Removes what lies on a backup storage although no resource needs it any more, or one piece of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CleanUpTrashOnBackupStorage {
    /// The storage.
    pub uuid: BackupStorageUuid,
    /// Only this piece.
    #[serde(default)]
    pub trash_id: Option<i64>,
}

impl Operation for CleanUpTrashOnBackupStorage {
    const NAME: &'static str = "CleanUpTrashOnBackupStorage";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::action("/backup-storage/{uuid}/trash/actions");
    const EFFECT: Effect = Effect::Overwrites;
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "3.2.0";
    type Reply = CleanUpTrashReply;
}
