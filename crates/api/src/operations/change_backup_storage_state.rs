//! Enabling and disabling a backup storage.

use crate::{Access, BackupStorageInventory, InventoryReply, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Enables or disables a backup storage. Nothing is written to a disabled one, and nothing made of it; links that exist go on
/// working.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeBackupStorageState {
    /// The storage.
    pub uuid: BackupStorageUuid,
    /// What shall happen to it.
    #[schemars(extend("enum" = ["enable", "disable"]))]
    pub state_event: String,
}

impl Operation for ChangeBackupStorageState {
    const NAME: &'static str = "ChangeBackupStorageState";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::action("/backup-storage/{uuid}/actions");
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<BackupStorageInventory>;
}
