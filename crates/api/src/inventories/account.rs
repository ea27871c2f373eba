//! An account as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An account: who owns resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountInventory {
    /// The account's id.
    pub uuid: String,
    /// Its name, which is unique.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `SystemAdmin` or `Normal`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for AccountInventory {
    const TREE: &'static ClassTree = &ClassTree { class: "org.zstack.header.identity.AccountInventory", fields: &[] };
}
