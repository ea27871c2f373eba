//! That a resource is shared as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// That a resource is shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedResourceInventory {
    /// Who owns it.
    pub owner_account_uuid: String,
    /// The account that it is shared with; absent when it is shared with all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver_account_uuid: Option<String>,
    /// Whether it is shared with all.
    pub to_public: bool,
    /// Its kind, such as `ImageVO`.
    pub resource_type: String,
    /// The resource.
    pub resource_uuid: String,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for SharedResourceInventory {
    const TREE: &'static ClassTree =
        &ClassTree { class: "org.zstack.header.identity.SharedResourceInventory", fields: &[] };
}
