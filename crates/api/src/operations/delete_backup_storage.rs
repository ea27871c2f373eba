//! Removing a backup storage.

use crate::{Access, DeleteMode, Effect, EmptyReply, ErrorKind, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Removes a backup storage that holds no backups and no images, not even deleted ones that can be recovered. Its directory is
/// left as it is: added again, it is the same store. Deleting what is gone already is no error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteBackupStorage {
    /// The storage.
    pub uuid: BackupStorageUuid,
    /// `Permissive` refuses while the store has not been told of everything; `Enforcing` does not.
    #[serde(default)]
    #[schemars(with = "String")]
    pub delete_mode: DeleteMode,
}

impl Operation for DeleteBackupStorage {
    const NAME: &'static str = "DeleteBackupStorage";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::delete("/backup-storage/{uuid}");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::DELETE_RESOURCE];
    const EFFECT: Effect = Effect::Deletes;
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
