//! Finding primary storages.

use crate::{Query, QueryResource, PrimaryStorageInventory};
use schemars::JsonSchema;

/// Finds primary storages.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryPrimaryStorage {}

impl Query for QueryPrimaryStorage {
    const NAME: &'static str = "QueryPrimaryStorage";
    const GROUP: &'static str = "primary storage";
    const PATH: &'static str = "/primary-storage";
    const RESOURCE: QueryResource = QueryResource::PrimaryStorage;
    type Inventory = PrimaryStorageInventory;
}
