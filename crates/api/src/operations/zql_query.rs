//! Asking several questions at once in the query language.

use crate::{Operation, Route, Runs, ZqlReply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Answers statements of the query language: conditions joined by `and`, `or` and brackets, several questions at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ZqlQuery {
    /// The statements, separated by semicolons.
    #[schemars(length(max = 8192))]
    pub zql: String,
}

impl Operation for ZqlQuery {
    const NAME: &'static str = "ZQLQuery";
    const GROUP: &'static str = "platform";
    const ROUTE: Route = Route::get("/zql");
    const RUNS: Runs = Runs::Inline;
    type Reply = ZqlReply;
}
