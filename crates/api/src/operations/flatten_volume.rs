//! Making a volume independent.

use crate::{InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes a volume independent of the image that it was made of. Volumes here depend on nothing: it answers the volume as it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlattenVolume {
    /// The volume.
    pub uuid: VolumeUuid,
    /// Only tells what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

impl Operation for FlattenVolume {
    const NAME: &'static str = "FlattenVolume";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::action("/volumes/{uuid}/actions");
    const SINCE: &'static str = "4.7.0";
    type Reply = InventoryReply<VolumeInventory>;
}
