//! Enabling and disabling a primary storage.

use crate::{Access, InventoryReply, Operation, PrimaryStorageInventory, Route};
use imprint_domain::PrimaryStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes whether a primary storage may be used. Unless it is enabled no volume is made on it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangePrimaryStorageState {
    /// The storage.
    pub uuid: PrimaryStorageUuid,
    /// What shall happen to it.
    #[schemars(extend("enum" = ["enable", "disable", "maintain", "deleting"]))]
    pub state_event: String,
}

impl Operation for ChangePrimaryStorageState {
    const NAME: &'static str = "ChangePrimaryStorageState";
    const GROUP: &'static str = "primary storage";
    const ROUTE: Route = Route::action("/primary-storage/{uuid}/actions");
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<PrimaryStorageInventory>;
}
