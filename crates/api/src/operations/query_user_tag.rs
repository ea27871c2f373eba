//! Finds user tags.

use crate::{Query, UserTagInventory};
use schemars::JsonSchema;

/// Finds user tags.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryUserTag {}

impl Query for QueryUserTag {
    const NAME: &'static str = "QueryUserTag";
    const GROUP: &'static str = "tag";
    const PATH: &'static str = "/user-tags";
    type Inventory = UserTagInventory;
}
