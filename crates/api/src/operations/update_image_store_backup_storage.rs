//! Changing what an image store says about itself.

use crate::{Access, BackupStorageInventory, InventoryReply, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes what an image store says about itself. What is not given stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateImageStoreBackupStorage {
    /// The user on the storage host; stored as given.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub username: Option<String>,
    /// Not used, and not kept: the directory is on this machine.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-secret" = true))]
    pub password: Option<String>,
    /// The storage host; stored as given.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub hostname: Option<String>,
    /// The port of the storage host; stored as given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 65535))]
    pub ssh_port: Option<i32>,
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

impl Operation for UpdateImageStoreBackupStorage {
    const NAME: &'static str = "UpdateImageStoreBackupStorage";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::action("/backup-storage/image-store/{uuid}/actions");
    const ACCESS: Access = Access::Administrator;
    type Reply = InventoryReply<BackupStorageInventory>;
}
