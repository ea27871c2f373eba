//! Bringing a virtual machine back to a backup of it.

use crate::{Effect, EmptyReply, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Brings all volumes of a group back to what they held when it was taken. None is changed before all of them are found to be
/// usable, which means that the machine must not run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevertVmFromVmBackup {
    /// The group.
    pub group_uuid: String,
    /// Where the backups are read from; unless given, any storages that they are on.
    #[serde(default)]
    pub backup_storage_uuid: Option<BackupStorageUuid>,
}

impl Operation for RevertVmFromVmBackup {
    const NAME: &'static str = "RevertVmFromVmBackup";
    const GROUP: &'static str = "vm backup";
    const ROUTE: Route = Route::action("/vm-backups/{groupUuid}/actions");
    const EFFECT: Effect = Effect::Overwrites;
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    type Reply = EmptyReply;
}
