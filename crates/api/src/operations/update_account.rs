//! Changes an account's name, description or password.

use crate::{AccountInventory, Effect, ErrorKind, InventoryReply, Operation, Route};
use imprint_domain::AccountUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes an account's name, description or password.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateAccount {
    /// The account.
    pub uuid: AccountUuid,
    /// The lower-case hex SHA-512 of the password.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-secret" = true))]
    pub password: Option<String>,
    /// Its name.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// The lower-case hex SHA-512 of the password until now.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-secret" = true))]
    pub old_password: Option<String>,
}

impl Operation for UpdateAccount {
    const NAME: &'static str = "UpdateAccount";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::put_wrapped("/accounts/{uuid}");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::AUTHENTICATION];
    const EFFECT: Effect = Effect::Overwrites;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<AccountInventory>;
}
