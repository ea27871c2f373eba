//! Finds tag patterns.

use crate::{Query, TagPatternInventory};
use schemars::JsonSchema;

/// Finds tag patterns.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryTag {}

impl Query for QueryTag {
    const NAME: &'static str = "QueryTag";
    const GROUP: &'static str = "tag";
    const PATH: &'static str = "/tags";
    type Inventory = TagPatternInventory;
}
