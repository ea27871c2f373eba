//! A tag that means something to the system as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A tag that means something to the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemTagInventory {
    /// The tag's id.
    pub uuid: String,
    /// The resource that has it.
    pub resource_uuid: String,
    /// The resource's kind, such as `ImageVO`.
    pub resource_type: String,
    /// Its text.
    pub tag: String,
    /// `System`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it goes only with its resource.
    pub inherent: bool,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for SystemTagInventory {
    const TREE: &'static ClassTree = &ClassTree { class: "org.zstack.header.tag.SystemTagInventory", fields: &[] };
}
