//! Who owns a resource as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who owns a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountResourceRefInventory {
    /// The owner.
    pub account_uuid: String,
    /// The resource.
    pub resource_uuid: String,
    /// Its kind, such as `ImageVO`.
    pub resource_type: String,
    /// The class of its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concrete_resource_type: Option<String>,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for AccountResourceRefInventory {
    const TREE: &'static ClassTree =
        &ClassTree { class: "org.zstack.header.identity.AccountResourceRefInventory", fields: &[] };
}
