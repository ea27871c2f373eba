//! Logging in.

use crate::{Access, ErrorKind, InventoryReply, Operation, Route, Runs, SessionInventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Opens a session of an account. Its `uuid` goes into the `Authorization` header of every other call, as `OAuth <uuid>`;
/// it lives for two hours after its last use.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogInByAccount {
    /// The account's name.
    pub account_name: String,
    /// The lower-case hex digits of the SHA-512 of the password.
    #[schemars(extend("x-secret" = true))]
    pub password: String,
    /// Not used.
    #[serde(default)]
    pub account_type: Option<String>,
    /// Not used: no captcha is asked for.
    #[serde(default)]
    pub captcha_uuid: Option<String>,
    /// Not used: no captcha is asked for.
    #[serde(default)]
    pub verify_code: Option<String>,
    /// Facts about the client, such as its address; not used.
    #[serde(default)]
    pub client_info: Option<Map<String, Value>>,
}

impl Operation for LogInByAccount {
    const NAME: &'static str = "LogInByAccount";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::put_wrapped("/accounts/login");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::OPERATION_FAILED, ErrorKind::AUTHENTICATION, ErrorKind::TOO_MANY_SESSIONS];
    const RUNS: Runs = Runs::Inline;
    const ACCESS: Access = Access::Anyone;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<SessionInventory>;
}
