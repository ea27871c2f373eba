//! Starts an operation as a long job, whose state and result can be queried later.

use crate::{Effect, InventoryReply, LongJobInventory, Operation, Route};
use imprint_domain::{ResourceUuid, TagPatternUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Starts an operation as a long job, whose state and result can be queried later: it is kept for 30 days after its end,
/// or its last change. While it runs it is one of the calls that may run at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubmitLongJob {
    /// The job's name; `jobName` when absent.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// `API`, the name of an operation, `Msg`.
    #[schemars(length(max = 255))]
    pub job_name: String,
    /// The parameters of the operation as JSON text.
    pub job_data: String,
    /// The resource that it is about.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub target_resource_uuid: Option<ResourceUuid>,
    /// The id that the new resource shall have: 32 lower-case hex digits of a UUID that names nothing yet.
    #[serde(default)]
    pub resource_uuid: Option<String>,
    /// Tag patterns to attach.
    #[serde(default)]
    #[schemars(extend("x-shared" = true))]
    pub tag_uuids: Vec<TagPatternUuid>,
    /// System tags of the new resource.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub system_tags: Vec<String>,
    /// User tags of the new resource.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub user_tags: Vec<String>,
}

impl Operation for SubmitLongJob {
    const NAME: &'static str = "SubmitLongJob";
    const GROUP: &'static str = "job";
    const ROUTE: Route = Route::create("/longjobs");
    const EFFECT: Effect = Effect::Overwrites;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<LongJobInventory>;
}
