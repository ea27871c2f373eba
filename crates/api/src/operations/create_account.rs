//! Makes an account.

use crate::{Access, AccountInventory, InventoryReply, Operation, Route};
use imprint_domain::TagPatternUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes an account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateAccount {
    /// The account's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// The lower-case hex SHA-512 of the password.
    #[schemars(length(max = 255), extend("x-secret" = true))]
    pub password: String,
    /// What it may do.
    #[serde(rename = "type", default)]
    #[schemars(extend("enum" = ["SystemAdmin", "Normal"]))]
    pub kind: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// The id that the new resource shall have: 32 lower-case hex digits of a UUID that names nothing yet.
    #[serde(default)]
    pub resource_uuid: Option<String>,
    /// Tag patterns to attach.
    #[serde(default)]
    #[schemars(extend("x-shared" = true))]
    pub tag_uuids: Vec<TagPatternUuid>,
    /// System tags of the new resource.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub system_tags: Vec<String>,
    /// User tags of the new resource.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub user_tags: Vec<String>,
}

impl Operation for CreateAccount {
    const NAME: &'static str = "CreateAccount";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::create("/accounts");
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<AccountInventory>;
}
