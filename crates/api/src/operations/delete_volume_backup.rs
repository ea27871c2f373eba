//! Deleting a backup.

use crate::{DeleteMode, Effect, EmptyReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, VolumeBackupUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deletes a volume backup, from all its storages or from those named. Later backups of the volume and images made from it
/// stay whole: what they share is kept. Deleting what is gone already is no error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteVolumeBackup {
    /// The backup.
    pub uuid: VolumeBackupUuid,
    /// Only from these storages.
    #[serde(default)]
    #[schemars(extend("x-nonempty" = true))]
    pub backup_storage_uuids: Option<Vec<BackupStorageUuid>>,
    /// Accepted; no backup depends on another.
    #[serde(default)]
    pub handle_dependency: bool,
    /// `Permissive` or `Enforcing`; both delete here, for nothing that depends on it is harmed.
    #[serde(default)]
    #[schemars(with = "String")]
    pub delete_mode: DeleteMode,
}

impl Operation for DeleteVolumeBackup {
    const NAME: &'static str = "DeleteVolumeBackup";
    const GROUP: &'static str = "volume backup";
    const ROUTE: Route = Route::delete("/volume-backups/{uuid}");
    const EFFECT: Effect = Effect::Deletes;
    const LONG_JOB: bool = true;
    type Reply = EmptyReply;
}
