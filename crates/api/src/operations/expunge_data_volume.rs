//! Removing a deleted volume for good.

use crate::{Effect, EmptyReply, Operation, Route};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Removes a deleted volume for good, and its file if it was made here: a file that was registered stays. Its backups stay too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpungeDataVolume {
    /// The volume.
    pub uuid: VolumeUuid,
}

impl Operation for ExpungeDataVolume {
    const NAME: &'static str = "ExpungeDataVolume";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::action("/volumes/{uuid}/actions");
    const EFFECT: Effect = Effect::Deletes;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
