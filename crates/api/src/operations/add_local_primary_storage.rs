//! Adding a directory of volumes.

use crate::{Access, InventoryReply, Operation, PrimaryStorageInventory, Route};
use imprint_domain::{TagPatternUuid, ZoneUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Adds a primary storage: a directory on this server in which the files of volumes lie. Administrator only.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddLocalPrimaryStorage {
    /// The directory: absolute, and beneath one that the server is allowed to use.
    #[schemars(length(max = 2048))]
    pub url: String,
    /// The new resource's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// `LocalStorage`, or absent.
    #[serde(default)]
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The zone that it belongs to.
    pub zone_uuid: ZoneUuid,
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

impl Operation for AddLocalPrimaryStorage {
    const NAME: &'static str = "AddLocalPrimaryStorage";
    const GROUP: &'static str = "primary storage";
    const ROUTE: Route = Route::create("/primary-storage/local-storage");
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<PrimaryStorageInventory>;
}
