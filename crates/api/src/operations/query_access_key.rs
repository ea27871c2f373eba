//! Finding access keys.

use crate::{AccessKeyInventory, Query};
use schemars::JsonSchema;

/// Finds access keys; their secrets are not told again.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryAccessKey {}

impl Query for QueryAccessKey {
    const NAME: &'static str = "QueryAccessKey";
    const GROUP: &'static str = "identity";
    const PATH: &'static str = "/accesskeys";
    type Inventory = AccessKeyInventory;
}
