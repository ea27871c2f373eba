//! A zone as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A zone: the place that storages belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ZoneInventory {
    /// The zone's id.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `Enabled` or `Disabled`.
    pub state: String,
    /// Always `zstack`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether new resources belong to it unless they say otherwise.
    pub is_default: bool,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for ZoneInventory {
    const TREE: &'static ClassTree = &ClassTree { class: "org.zstack.header.zone.ZoneInventory", fields: &[] };
}
