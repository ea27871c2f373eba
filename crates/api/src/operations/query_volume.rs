//! Finding volumes.

use crate::{VolumeInventory, Query};
use schemars::JsonSchema;

/// Finds volumes.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryVolume {}

impl Query for QueryVolume {
    const NAME: &'static str = "QueryVolume";
    const GROUP: &'static str = "volume";
    const PATH: &'static str = "/volumes";
    type Inventory = VolumeInventory;
}
