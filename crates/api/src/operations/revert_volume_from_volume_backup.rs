//! Bringing a volume back to a backup of it.

use crate::{Effect, EmptyReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, VolumeBackupUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Brings a volume back to what it held when a backup of it was taken, its size included. Only what differs is written. The
/// volume must not be in use. Once the first byte is changed it is not given up: should the server end meanwhile, the revert is
/// done again when it starts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevertVolumeFromVolumeBackup {
    /// The backup.
    pub uuid: VolumeBackupUuid,
    /// Where the backup is read from; unless given, any storage that it is on.
    #[serde(default)]
    pub backup_storage_uuid: Option<BackupStorageUuid>,
}

impl Operation for RevertVolumeFromVolumeBackup {
    const NAME: &'static str = "RevertVolumeFromVolumeBackup";
    const GROUP: &'static str = "volume backup";
    const ROUTE: Route = Route::action("/volume-backups/{uuid}/actions");
    const EFFECT: Effect = Effect::Overwrites;
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    type Reply = EmptyReply;
}
