//! An access key as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An access key: what signs requests in place of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessKeyInventory {
    /// The key's id as a resource.
    pub uuid: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The account that requests signed with it act for.
    pub account_uuid: String,
    /// The same.
    pub user_uuid: String,
    /// What requests name it by.
    #[serde(rename = "AccessKeyID")]
    pub access_key_id: String,
    /// What requests are signed with; told once, when the key is made.
    #[serde(rename = "AccessKeySecret", default, skip_serializing_if = "Option::is_none")]
    pub access_key_secret: Option<String>,
    /// `Enabled` or `Disabled`.
    pub state: String,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for AccessKeyInventory {
    const TREE: &'static ClassTree = &ClassTree { class: "org.zstack.accessKey.AccessKeyInventory", fields: &[] };
}
