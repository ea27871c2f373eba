//! Finding images, deleted ones that can be recovered included.

use crate::{ImageInventory, Query};
use schemars::JsonSchema;

/// Finds images, deleted ones that can be recovered included.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryImage {}

impl Query for QueryImage {
    const NAME: &'static str = "QueryImage";
    const GROUP: &'static str = "image";
    const PATH: &'static str = "/images";
    type Inventory = ImageInventory;
}
