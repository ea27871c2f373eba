//! Whether a session is valid.

use crate::{Access, Operation, Route, Runs, ValidReply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tells whether a session is valid. Asking does not make it live longer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidateSession {
    /// The session, in any form.
    pub session_uuid: String,
}

impl Operation for ValidateSession {
    const NAME: &'static str = "ValidateSession";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::get("/accounts/sessions/{sessionUuid}/valid");
    const RUNS: Runs = Runs::Inline;
    const ACCESS: Access = Access::Anyone;
    const SINCE: &'static str = "0.6";
    type Reply = ValidReply;
}
