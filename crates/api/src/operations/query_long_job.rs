//! Finds long jobs.

use crate::{LongJobInventory, Query};
use schemars::JsonSchema;

/// Finds long jobs.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryLongJob {}

impl Query for QueryLongJob {
    const NAME: &'static str = "QueryLongJob";
    const GROUP: &'static str = "job";
    const PATH: &'static str = "/longjobs";
    type Inventory = LongJobInventory;
}
