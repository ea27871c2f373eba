//! Runs a long job that has ended once more.

use crate::{Effect, InventoryReply, LongJobInventory, Operation, Route};
use imprint_domain::LongJobUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Runs a long job that has ended once more: on behalf of its owner, and with what the owner may do now, whoever calls.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RerunLongJob {
    /// The long job.
    pub uuid: LongJobUuid,
}

impl Operation for RerunLongJob {
    const NAME: &'static str = "RerunLongJob";
    const GROUP: &'static str = "job";
    const ROUTE: Route = Route::action("/longjobs/{uuid}/actions");
    const EFFECT: Effect = Effect::Overwrites;
    const SINCE: &'static str = "3.0.1";
    type Reply = InventoryReply<LongJobInventory>;
}
