//! Changing what a backup storage says about itself.

use crate::{Access, BackupStorageInventory, InventoryReply, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes what a backup storage says about itself. What is not given stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateBackupStorage {
    /// The storage.
    pub uuid: BackupStorageUuid,
    /// Its new name.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
}

impl Operation for UpdateBackupStorage {
    const NAME: &'static str = "UpdateBackupStorage";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::action("/backup-storage/{uuid}/actions");
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<BackupStorageInventory>;
}
