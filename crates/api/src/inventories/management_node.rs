//! A server of this installation as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A server of this installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagementNodeInventory {
    /// The server's id.
    pub uuid: String,
    /// The machine that it runs on.
    pub host_name: String,
    /// When it was first started.
    pub join_date: DateText,
    /// When it was last seen alive.
    pub heart_beat: DateText,
}

impl Inventory for ManagementNodeInventory {
    const TREE: &'static ClassTree =
        &ClassTree { class: "org.zstack.header.managementnode.ManagementNodeInventory", fields: &[] };
}
