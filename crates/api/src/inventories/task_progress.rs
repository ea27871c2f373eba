//! How far a call, or one of its steps, has come as clients see it.

use crate::{ClassTree, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a call, or one of its steps, has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskProgressInventory {
    /// The call.
    pub task_uuid: String,
    /// What is done.
    pub task_name: String,
    /// The call that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_uuid: Option<String>,
    /// `Task`: `content` names the step; `Progress`: `content` is the percentage.
    #[serde(rename = "type")]
    pub kind: String,
    /// The step, or the percentage.
    pub content: String,
    /// When that was so: milliseconds since 1970.
    pub time: i64,
    /// Its steps.
    #[serde(default)]
    pub sub_tasks: Vec<TaskProgressInventory>,
}

impl Inventory for TaskProgressInventory {
    // Steps hold no steps.
    const TREE: &'static ClassTree = &ClassTree { class: STEP.class, fields: &[("subTasks", STEP)] };
}

const STEP: &ClassTree = &ClassTree { class: "org.zstack.header.core.progress.TaskProgressInventory", fields: &[] };
