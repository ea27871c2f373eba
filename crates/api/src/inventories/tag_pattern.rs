//! A tag pattern as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A tag pattern: what user tags are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagPatternInventory {
    /// The pattern's id.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// The text of its tags.
    pub value: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its colour, such as `#a0b1c2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// `simple`, or `withToken`: words in braces are replaced when it is attached.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for TagPatternInventory {
    const TREE: &'static ClassTree = &ClassTree { class: "org.zstack.header.tag.TagPatternInventory", fields: &[] };
}
