//! A quota as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A quota: how much an account may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaInventory {
    /// The quota's id.
    pub uuid: String,
    /// What it limits, such as `image.num` or, in bytes, `image.size`.
    pub name: String,
    /// The account that it limits.
    pub identity_uuid: String,
    /// The kind of what it limits: `AccountVO`.
    pub identity_type: String,
    /// How much may be.
    pub value: i64,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for QuotaInventory {
    const TREE: &'static ClassTree = &ClassTree { class: "org.zstack.header.identity.QuotaInventory", fields: &[] };
}
