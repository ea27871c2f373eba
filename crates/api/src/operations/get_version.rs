//! Which protocol is spoken.

use crate::{Access, Operation, Route, Runs, VersionReply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tells the level of the protocol that this server speaks. Its own version stands in the `Server` header.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetVersion {}

impl Operation for GetVersion {
    const NAME: &'static str = "GetVersion";
    const GROUP: &'static str = "platform";
    const ROUTE: Route = Route::action("/management-nodes/actions");
    const RUNS: Runs = Runs::Inline;
    const ACCESS: Access = Access::Anyone;
    const SINCE: &'static str = "0.6";
    type Reply = VersionReply;
}
