//! A log-in as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A log-in: `uuid` is what `Authorization: OAuth …` carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInventory {
    /// The session's id.
    pub uuid: String,
    /// The account that logged in.
    pub account_uuid: String,
    /// The same as the account.
    pub user_uuid: String,
    /// Absent for accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// When it ends unless it is used before.
    pub expired_date: DateText,
    /// When the account logged in.
    pub create_date: DateText,
    /// Always false: every call's session is checked.
    pub no_session_evaluation: bool,
}

impl Inventory for SessionInventory {
    const TREE: &'static ClassTree = &ClassTree { class: "org.zstack.header.identity.SessionInventory", fields: &[] };
}
