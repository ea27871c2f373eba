//! Finding volumes.

use crate::{Query, QueryResource, VolumeInventory};
use schemars::JsonSchema;

/// Finds volumes.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryVolume {}

impl Query for QueryVolume {
    const NAME: &'static str = "QueryVolume";
    const GROUP: &'static str = "volume";
    const PATH: &'static str = "/volumes";
    const RESOURCE: QueryResource = QueryResource::Volume;
    type Inventory = VolumeInventory;
}
