//! Finds what is shared, and with whom.

use crate::{Query, SharedResourceInventory};
use schemars::JsonSchema;

/// Finds what is shared, and with whom.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QuerySharedResource {}

impl Query for QuerySharedResource {
    const NAME: &'static str = "QuerySharedResource";
    const GROUP: &'static str = "identity";
    const PATH: &'static str = "/accounts/resources";
    type Inventory = SharedResourceInventory;
}
