//! Makes a zone.

use crate::{Access, InventoryReply, Operation, Route, ZoneInventory};
use imprint_domain::TagPatternUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes a zone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateZone {
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// Whether new storages serve it.
    #[serde(default)]
    pub is_default: Option<bool>,
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

impl Operation for CreateZone {
    const NAME: &'static str = "CreateZone";
    const GROUP: &'static str = "platform";
    const ROUTE: Route = Route::create("/zones");
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<ZoneInventory>;
}
