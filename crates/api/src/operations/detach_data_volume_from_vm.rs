//! Noting that a volume is not used any more.

use crate::{InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Notes that no virtual machine uses a volume any more.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DetachDataVolumeFromVm {
    /// The volume.
    pub uuid: VolumeUuid,
    /// The virtual machine that it is taken from; unless given, the one that it is attached to.
    #[serde(default)]
    pub vm_uuid: Option<String>,
}

impl Operation for DetachDataVolumeFromVm {
    const NAME: &'static str = "DetachDataVolumeFromVm";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::delete("/volumes/{uuid}/vm-instances");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<VolumeInventory>;
}
