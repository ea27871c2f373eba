//! Logging out.

use crate::{Access, Effect, EmptyReply, Operation, Route, Runs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Ends a session. Ending one that has ended already is no error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogOut {
    /// The session.
    #[serde(default)]
    pub session_uuid: Option<String>,
    /// Facts about the client, such as its address; not used.
    #[serde(default)]
    pub client_info: Option<Map<String, Value>>,
}

impl Operation for LogOut {
    const NAME: &'static str = "LogOut";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::delete("/accounts/sessions/{sessionUuid}");
    const EFFECT: Effect = Effect::Deletes;
    const RUNS: Runs = Runs::Inline;
    const ACCESS: Access = Access::Anyone;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
