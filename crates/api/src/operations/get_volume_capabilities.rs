//! What can be done with a volume.

use crate::{CapabilitiesReply, Operation, Route, Runs};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What can be done with a volume beyond what every volume allows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetVolumeCapabilities {
    /// The volume.
    pub uuid: VolumeUuid,
}

impl Operation for GetVolumeCapabilities {
    const NAME: &'static str = "GetVolumeCapabilities";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::get("/volumes/{uuid}/capabilities");
    const RUNS: Runs = Runs::Inline;
    const SINCE: &'static str = "0.6";
    type Reply = CapabilitiesReply;
}
