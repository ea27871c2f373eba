//! Looking at a volume's file.

use crate::{InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Looks at a volume's file and answers the sizes that it has now.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncVolumeSize {
    /// The volume.
    pub uuid: VolumeUuid,
}

impl Operation for SyncVolumeSize {
    const NAME: &'static str = "SyncVolumeSize";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::action("/volumes/{uuid}/actions");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<VolumeInventory>;
}
