//! Changing what a primary storage says about itself.

use crate::{Access, InventoryReply, Operation, PrimaryStorageInventory, Route};
use imprint_domain::PrimaryStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes what a primary storage says about itself. What is not given stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdatePrimaryStorage {
    /// The storage.
    pub uuid: PrimaryStorageUuid,
    /// Its new name.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// Its directory, which cannot be changed: volumes lie there.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub url: Option<String>,
}

impl Operation for UpdatePrimaryStorage {
    const NAME: &'static str = "UpdatePrimaryStorage";
    const GROUP: &'static str = "primary storage";
    const ROUTE: Route = Route::action("/primary-storage/{uuid}/actions");
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<PrimaryStorageInventory>;
}
