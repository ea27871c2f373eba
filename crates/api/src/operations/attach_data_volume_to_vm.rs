//! Noting which virtual machine uses a volume.

use crate::{InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Notes that a virtual machine uses a volume, of whatever type. Volumes of one machine are backed up together by CreateVmBackup.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachDataVolumeToVm {
    /// The volume.
    pub volume_uuid: VolumeUuid,
    /// The virtual machine. It is no resource here: any well-formed id will do.
    pub vm_instance_uuid: String,
}

impl Operation for AttachDataVolumeToVm {
    const NAME: &'static str = "AttachDataVolumeToVm";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::create("/volumes/{volumeUuid}/vm-instances/{vmInstanceUuid}");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<VolumeInventory>;
}
