//! Changes the name or description of a long job.

use crate::{InventoryReply, LongJobInventory, Operation, Route};
use imprint_domain::LongJobUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes the name or description of a long job.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateLongJob {
    /// The long job.
    pub uuid: LongJobUuid,
    /// Its name.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
}

impl Operation for UpdateLongJob {
    const NAME: &'static str = "UpdateLongJob";
    const GROUP: &'static str = "job";
    const ROUTE: Route = Route::action("/longjobs/{uuid}/actions");
    const SINCE: &'static str = "3.9";
    type Reply = InventoryReply<LongJobInventory>;
}
