//! Finds the servers of this installation.

use crate::{ManagementNodeInventory, Query};
use schemars::JsonSchema;

/// Finds the servers of this installation.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryManagementNode {}

impl Query for QueryManagementNode {
    const NAME: &'static str = "QueryManagementNode";
    const GROUP: &'static str = "platform";
    const PATH: &'static str = "/management-nodes";
    type Inventory = ManagementNodeInventory;
}
