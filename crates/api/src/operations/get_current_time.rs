//! Tells the server's time.

use crate::{Access, GetCurrentTimeReply, Operation, Route, Runs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tells the server's time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetCurrentTime {
}

impl Operation for GetCurrentTime {
    const NAME: &'static str = "GetCurrentTime";
    const GROUP: &'static str = "platform";
    const ROUTE: Route = Route::action("/management-nodes/actions");
    const RUNS: Runs = Runs::Inline;
    const ACCESS: Access = Access::Anyone;
    const SINCE: &'static str = "0.6";
    type Reply = GetCurrentTimeReply;
}
