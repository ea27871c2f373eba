//! The types of primary storages.

use crate::{Operation, Route, Runs, TypesReply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names the types of primary storages that there can be.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetPrimaryStorageTypes {}

impl Operation for GetPrimaryStorageTypes {
    const NAME: &'static str = "GetPrimaryStorageTypes";
    const GROUP: &'static str = "primary storage";
    const ROUTE: Route = Route::get("/primary-storage/types");
    const RUNS: Runs = Runs::Inline;
    const SINCE: &'static str = "0.6";
    type Reply = TypesReply;
}
