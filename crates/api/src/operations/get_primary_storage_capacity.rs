//! How much primary storages hold.

use crate::{Operation, PrimaryCapacityReply, Route, Runs};
use imprint_domain::{PrimaryStorageUuid, ZoneUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Adds up the capacities of primary storages: of those named, of those in the zones named, or of all.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetPrimaryStorageCapacity {
    /// The zones that they are in.
    #[serde(default)]
    pub zone_uuids: Vec<ZoneUuid>,
    /// Not used: there are no clusters.
    #[serde(default)]
    #[schemars(extend("x-resource" = "ClusterVO"))]
    pub cluster_uuids: Vec<String>,
    /// The storages.
    #[serde(default)]
    pub primary_storage_uuids: Vec<PrimaryStorageUuid>,
    /// All of them.
    #[serde(default)]
    pub all: bool,
}

impl Operation for GetPrimaryStorageCapacity {
    const NAME: &'static str = "GetPrimaryStorageCapacity";
    const GROUP: &'static str = "primary storage";
    const ROUTE: Route = Route::get("/primary-storage/capacities");
    const RUNS: Runs = Runs::Inline;
    const SINCE: &'static str = "0.6";
    type Reply = PrimaryCapacityReply;
}
