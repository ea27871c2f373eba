//! Finding primary storages.

use crate::{PrimaryStorageInventory, Query};
use schemars::JsonSchema;

/// Finds primary storages.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryPrimaryStorage {}

impl Query for QueryPrimaryStorage {
    const NAME: &'static str = "QueryPrimaryStorage";
    const GROUP: &'static str = "primary storage";
    const PATH: &'static str = "/primary-storage";
    type Inventory = PrimaryStorageInventory;
}
