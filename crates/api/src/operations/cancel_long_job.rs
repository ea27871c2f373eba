//! Ends a long job.

use crate::{EmptyReply, Operation, Route};
use imprint_domain::LongJobUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ends a long job. What it had begun is taken back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelLongJob {
    /// The long job.
    pub uuid: LongJobUuid,
}

impl Operation for CancelLongJob {
    const NAME: &'static str = "CancelLongJob";
    const GROUP: &'static str = "job";
    const ROUTE: Route = Route::action("/longjobs/{uuid}/actions");
    const SINCE: &'static str = "2.2.4";
    type Reply = EmptyReply;
}
