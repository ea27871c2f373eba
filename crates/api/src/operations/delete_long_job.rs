//! Forgets a long job that has ended.

use crate::{Effect, EmptyReply, Operation, Route};
use imprint_domain::LongJobUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Forgets a long job that has ended.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteLongJob {
    /// The long job.
    pub uuid: LongJobUuid,
}

impl Operation for DeleteLongJob {
    const NAME: &'static str = "DeleteLongJob";
    const GROUP: &'static str = "job";
    const ROUTE: Route = Route::delete("/longjobs/{uuid}");
    const EFFECT: Effect = Effect::Deletes;
    const SINCE: &'static str = "2.2.4";
    type Reply = EmptyReply;
}
