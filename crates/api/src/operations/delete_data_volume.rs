//! Deleting a volume.

use crate::{DeleteMode, Effect, EmptyReply, Operation, Route};
use imprint_domain::VolumeUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deletes a volume, of whatever type. It can be recovered for 3 days, or until it is expunged; its backups stay.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteDataVolume {
    /// The volume.
    pub uuid: VolumeUuid,
    /// `Permissive` or `Enforcing`; both delete here, for nothing that depends on it is harmed.
    #[serde(default)]
    #[schemars(with = "String")]
    pub delete_mode: DeleteMode,
}

impl Operation for DeleteDataVolume {
    const NAME: &'static str = "DeleteDataVolume";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::delete("/volumes/{uuid}");
    const EFFECT: Effect = Effect::Deletes;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
