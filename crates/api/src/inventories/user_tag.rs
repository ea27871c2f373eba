//! A tag that users give as clients see it.

use crate::{ClassTree, DateText, Inventory, TagPatternInventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A tag that users give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserTagInventory {
    /// The tag's id.
    pub uuid: String,
    /// The resource that has it.
    pub resource_uuid: String,
    /// The resource's kind, such as `ImageVO`.
    pub resource_type: String,
    /// Its text.
    pub tag: String,
    /// `User`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The pattern that it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_pattern_uuid: Option<String>,
    /// The pattern that it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_pattern: Option<TagPatternInventory>,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for UserTagInventory {
    const TREE: &'static ClassTree = &ClassTree {
        class: "org.zstack.header.tag.UserTagInventory",
        fields: &[("tagPattern", TagPatternInventory::TREE)],
    };
}
