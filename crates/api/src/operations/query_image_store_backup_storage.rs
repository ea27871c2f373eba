//! Finding image stores.

use crate::{ImageStoreBackupStorageInventory, Query};
use schemars::JsonSchema;

/// Finds image stores.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryImageStoreBackupStorage {}

impl Query for QueryImageStoreBackupStorage {
    const NAME: &'static str = "QueryImageStoreBackupStorage";
    const GROUP: &'static str = "backup storage";
    const PATH: &'static str = "/backup-storage/image-store";
    type Inventory = ImageStoreBackupStorageInventory;
}
