//! Finds accounts.

use crate::{AccountInventory, Query};
use schemars::JsonSchema;

/// Finds accounts.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryAccount {}

impl Query for QueryAccount {
    const NAME: &'static str = "QueryAccount";
    const GROUP: &'static str = "identity";
    const PATH: &'static str = "/accounts";
    type Inventory = AccountInventory;
}
