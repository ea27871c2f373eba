//! Gives a resource to another account.

use crate::{Access, AccountResourceRefInventory, Effect, InventoryReply, Operation, Route};
use imprint_domain::{AccountUuid, ResourceUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives a resource to another account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeResourceOwner {
    /// The new owner.
    pub account_uuid: AccountUuid,
    /// The resource.
    #[schemars(extend("x-nonempty" = true))]
    pub resource_uuid: ResourceUuid,
}

impl Operation for ChangeResourceOwner {
    const NAME: &'static str = "ChangeResourceOwner";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::create("/account/{accountUuid}/resources");
    const EFFECT: Effect = Effect::Overwrites;
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<AccountResourceRefInventory>;
}
