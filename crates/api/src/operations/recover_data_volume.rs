//! Taking the deletion of a volume back.

use crate::{InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Takes the deletion of a volume back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoverDataVolume {
    /// The volume.
    pub uuid: VolumeUuid,
}

impl Operation for RecoverDataVolume {
    const NAME: &'static str = "RecoverDataVolume";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::action("/volumes/{uuid}/actions");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<VolumeInventory>;
}
