//! Enabling and disabling a volume.

use crate::{InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Enables a volume, or disables it: no backup of it is taken then, and nothing of it is changed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeVolumeState {
    /// The volume.
    pub uuid: VolumeUuid,
    /// `enable` or `disable`.
    #[schemars(extend("enum" = ["enable", "disable"]))]
    pub state_event: String,
}

impl Operation for ChangeVolumeState {
    const NAME: &'static str = "ChangeVolumeState";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::action("/volumes/{uuid}/actions");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<VolumeInventory>;
}
