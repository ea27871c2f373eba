//! Lets a session live longer.

use crate::{InventoryReply, Operation, Route, SessionInventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lets a session live longer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RenewSession {
    /// The session.
    #[schemars(extend("x-resource" = "SessionVO"))]
    pub session_uuid: String,
    /// Seconds from now on.
    #[serde(default)]
    #[schemars(range(min = 60, max = 31_536_000))]
    pub duration: Option<i64>,
}

impl Operation for RenewSession {
    const NAME: &'static str = "RenewSession";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::put_wrapped("/accounts/sessions/{sessionUuid}/renew");
    const SINCE: &'static str = "2.3";
    type Reply = InventoryReply<SessionInventory>;
}
