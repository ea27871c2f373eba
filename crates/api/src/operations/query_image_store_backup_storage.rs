//! Finding image stores.

use crate::{Query, QueryResource, ImageStoreBackupStorageInventory};
use schemars::JsonSchema;

/// Finds image stores.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryImageStoreBackupStorage {}

impl Query for QueryImageStoreBackupStorage {
    const NAME: &'static str = "QueryImageStoreBackupStorage";
    const GROUP: &'static str = "backup storage";
    const PATH: &'static str = "/backup-storage/image-store";
    const RESOURCE: QueryResource = QueryResource::ImageStoreBackupStorage;
    type Inventory = ImageStoreBackupStorageInventory;
}
