//! Changing a volume's description.

use crate::{InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes what a volume says about itself. What is not given stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateVolume {
    /// The volume.
    pub uuid: VolumeUuid,
    /// Its new name.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
}

impl Operation for UpdateVolume {
    const NAME: &'static str = "UpdateVolume";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::action("/volumes/{uuid}/actions");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<VolumeInventory>;
}
