//! Making a volume larger.

use crate::{Effect, InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Makes a volume larger; what is new are zeros. The volume must not be in use.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResizeDataVolume {
    /// The volume.
    pub uuid: VolumeUuid,
    /// Its new size in bytes, not less than it has.
    pub size: i64,
}

impl Operation for ResizeDataVolume {
    const NAME: &'static str = "ResizeDataVolume";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::action("/volumes/data/resize/{uuid}/actions");
    const EFFECT: Effect = Effect::Overwrites;
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    type Reply = InventoryReply<VolumeInventory>;
}
