//! Finding backup storages of every type.

use crate::{Query, QueryResource, BackupStorageInventory};
use schemars::JsonSchema;

/// Finds backup storages of every type.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryBackupStorage {}

impl Query for QueryBackupStorage {
    const NAME: &'static str = "QueryBackupStorage";
    const GROUP: &'static str = "backup storage";
    const PATH: &'static str = "/backup-storage";
    const RESOURCE: QueryResource = QueryResource::BackupStorage;
    type Inventory = BackupStorageInventory;
}
