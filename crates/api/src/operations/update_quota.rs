//! Changing a quota.

use crate::{Access, InventoryReply, Operation, QuotaInventory, Route};
use imprint_domain::AccountUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes how much an account may have.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateQuota {
    /// The account.
    pub identity_uuid: AccountUuid,
    /// What is limited, such as `image.num` or, in bytes, `image.size`.
    pub name: String,
    /// How much may be.
    #[schemars(range(min = 0))]
    pub value: i64,
}

impl Operation for UpdateQuota {
    const NAME: &'static str = "UpdateQuota";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::action("/accounts/quotas/actions");
    const ACCESS: Access = Access::Administrator;
    type Reply = InventoryReply<QuotaInventory>;
}
