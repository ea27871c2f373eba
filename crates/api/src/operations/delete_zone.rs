//! Deletes a zone that no storage serves.

use crate::{Access, DeleteMode, Effect, EmptyReply, ErrorKind, Operation, Route};
use imprint_domain::ZoneUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deletes a zone that no storage serves.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteZone {
    /// The zone.
    pub uuid: ZoneUuid,
    /// `Permissive` or `Enforcing`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub delete_mode: DeleteMode,
}

impl Operation for DeleteZone {
    const NAME: &'static str = "DeleteZone";
    const GROUP: &'static str = "platform";
    const ROUTE: Route = Route::delete("/zones/{uuid}");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::DELETE_RESOURCE];
    const EFFECT: Effect = Effect::Deletes;
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
