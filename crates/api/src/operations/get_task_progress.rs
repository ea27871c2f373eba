//! Tells how far a call has come.

use crate::{InventoriesReply, TaskProgressInventory, Operation, Route, Runs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tells how far a call has come.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetTaskProgress {
    /// The id of the call: its `X-Job-UUID`, or the `apiId` of its long job.
    #[serde(default)]
    pub api_id: Option<String>,
    /// Also the steps that it has done before.
    #[serde(default)]
    pub all: bool,
}

impl Operation for GetTaskProgress {
    const NAME: &'static str = "GetTaskProgress";
    const GROUP: &'static str = "job";
    const ROUTE: Route = Route::get("/task-progresses/{apiId}");
    const RUNS: Runs = Runs::Inline;
    const SINCE: &'static str = "1.11";
    type Reply = InventoriesReply<TaskProgressInventory>;
}
