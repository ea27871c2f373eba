//! A long job as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A long job: an operation whose state and result are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LongJobInventory {
    /// The job's id.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The id of the call that submitted it: progress is told by it.
    pub api_id: String,
    /// `API`, the name of the operation, `Msg`.
    pub job_name: String,
    /// The parameters of the operation as JSON text.
    pub job_data: String,
    /// Once it has ended: the reply with `success`, or the error (`code`, `description`, `details`, …), as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_result: Option<String>,
    /// `Waiting`, `Running`, `Suspended`, `Canceling`, `Canceled`, `Succeeded` or `Failed`.
    pub state: String,
    /// The resource that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_resource_uuid: Option<String>,
    /// The server that runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_node_uuid: Option<String>,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
    /// Seconds that it took, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execute_time: Option<i64>,
}

impl Inventory for LongJobInventory {
    const TREE: &'static ClassTree = &ClassTree { class: "org.zstack.header.longjob.LongJobInventory", fields: &[] };
}
