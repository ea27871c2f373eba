//! Tells which accounts own resources.

use crate::{GetResourceAccountReply, Operation, Route, Runs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tells which accounts own resources.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetResourceAccount {
    /// The resources.
    #[schemars(extend("x-nonempty" = true))]
    pub resource_uuids: Vec<String>,
}

impl Operation for GetResourceAccount {
    const NAME: &'static str = "GetResourceAccount";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::get("/resources/accounts");
    const RUNS: Runs = Runs::Inline;
    const SINCE: &'static str = "0.6";
    type Reply = GetResourceAccountReply;
}
