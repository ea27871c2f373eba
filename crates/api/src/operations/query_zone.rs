//! Finding zones.

use crate::{ZoneInventory, Query};
use schemars::JsonSchema;

/// Finds zones.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryZone {}

impl Query for QueryZone {
    const NAME: &'static str = "QueryZone";
    const GROUP: &'static str = "platform";
    const PATH: &'static str = "/zones";
    type Inventory = ZoneInventory;
}
