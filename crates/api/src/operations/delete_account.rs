//! Deletes an account.

use crate::{Access, DeleteMode, Effect, EmptyReply, Operation, Route};
use imprint_domain::AccountUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deletes an account. What it owns goes to the administrator; what its running calls have not begun by then is refused.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAccount {
    /// The account.
    pub uuid: AccountUuid,
    /// `Permissive` or `Enforcing`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub delete_mode: DeleteMode,
}

impl Operation for DeleteAccount {
    const NAME: &'static str = "DeleteAccount";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::delete("/accounts/{uuid}");
    const EFFECT: Effect = Effect::Deletes;
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
