//! The types of backup storages.

use crate::{Operation, Route, Runs, TypesReply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names the types of backup storages that there can be.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetBackupStorageTypes {}

impl Operation for GetBackupStorageTypes {
    const NAME: &'static str = "GetBackupStorageTypes";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::get("/backup-storage/types");
    const RUNS: Runs = Runs::Inline;
    const SINCE: &'static str = "0.6";
    type Reply = TypesReply;
}
