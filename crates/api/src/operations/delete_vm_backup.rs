//! Deleting the backup of a virtual machine.

use crate::{DeleteMode, Effect, EmptyReply, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deletes all backups of a group. Other backups and images that share blocks with them stay whole.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteVmBackup {
    /// The group.
    pub group_uuid: String,
    /// Only on these storages.
    #[serde(default)]
    #[schemars(extend("x-nonempty" = true))]
    pub backup_storage_uuids: Option<Vec<BackupStorageUuid>>,
    /// Accepted for clients that send it: no backup depends on another.
    #[serde(default)]
    pub handle_dependency: bool,
    /// `Permissive` or `Enforcing`; both delete here, for nothing that depends on it is harmed.
    #[serde(default)]
    #[schemars(with = "String")]
    pub delete_mode: DeleteMode,
}

impl Operation for DeleteVmBackup {
    const NAME: &'static str = "DeleteVmBackup";
    const GROUP: &'static str = "vm backup";
    const ROUTE: Route = Route::delete("/vm-backups/{groupUuid}");
    const EFFECT: Effect = Effect::Deletes;
    const LONG_JOB: bool = true;
    type Reply = EmptyReply;
}
