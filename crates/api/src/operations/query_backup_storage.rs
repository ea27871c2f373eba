//! Finding backup storages of every type.

use crate::{BackupStorageInventory, Query};
use schemars::JsonSchema;

/// Finds backup storages of every type.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryBackupStorage {}

impl Query for QueryBackupStorage {
    const NAME: &'static str = "QueryBackupStorage";
    const GROUP: &'static str = "backup storage";
    const PATH: &'static str = "/backup-storage";
    const SUBTYPES: &'static [(&'static str, &'static str)] =
        &[("ImageStoreBackupStorage", "QueryImageStoreBackupStorage")];
    type Inventory = BackupStorageInventory;
}
