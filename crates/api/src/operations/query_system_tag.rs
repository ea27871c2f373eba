//! Finds system tags.

use crate::{Query, SystemTagInventory};
use schemars::JsonSchema;

/// Finds system tags.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QuerySystemTag {}

impl Query for QuerySystemTag {
    const NAME: &'static str = "QuerySystemTag";
    const GROUP: &'static str = "tag";
    const PATH: &'static str = "/system-tags";
    type Inventory = SystemTagInventory;
}
