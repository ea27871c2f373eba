//! How much backup storages hold.

use crate::{CapacityReply, Operation, Route, Runs};
use imprint_domain::{BackupStorageUuid, ZoneUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Adds up the capacities of backup storages: of those named, of those that serve the zones named, or of all.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetBackupStorageCapacity {
    /// The zones that they serve.
    #[serde(default)]
    pub zone_uuids: Vec<ZoneUuid>,
    /// The storages.
    #[serde(default)]
    pub backup_storage_uuids: Vec<BackupStorageUuid>,
    /// All of them.
    #[serde(default)]
    pub all: bool,
}

impl Operation for GetBackupStorageCapacity {
    const NAME: &'static str = "GetBackupStorageCapacity";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::get("/backup-storage/capacities");
    const RUNS: Runs = Runs::Inline;
    const SINCE: &'static str = "0.6";
    type Reply = CapacityReply;
}
