//! Adding an image store.

use crate::{Access, ImageStoreBackupStorageInventory, InventoryReply, Operation, Route};
use imprint_domain::TagPatternUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Adds an image store: a directory on this server in which backups and images lie. An empty directory becomes a new store;
/// a store that is there already is opened. Administrator only.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddImageStoreBackupStorage {
    /// Kept and shown, not connected to: the store is a directory of this server.
    #[schemars(length(min = 1, max = 255))]
    pub hostname: String,
    /// Kept and shown.
    #[schemars(length(max = 255))]
    pub username: String,
    /// Accepted and forgotten.
    #[schemars(length(max = 255), extend("x-secret" = true))]
    pub password: String,
    /// Kept and shown.
    #[serde(default = "default_ssh_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub ssh_port: i32,
    /// The directory: absolute, and beneath one that the server is allowed to use.
    #[schemars(length(min = 1, max = 2048))]
    pub url: String,
    /// The new resource's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// `ImageStoreBackupStorage`, or absent.
    #[serde(default)]
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Whether the images of a store that is there already shall be taken over.
    #[serde(default)]
    pub import_images: bool,
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

impl Operation for AddImageStoreBackupStorage {
    const NAME: &'static str = "AddImageStoreBackupStorage";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::create("/backup-storage/image-store");
    const ACCESS: Access = Access::Administrator;
    type Reply = InventoryReply<ImageStoreBackupStorageInventory>;
}

fn default_ssh_port() -> i32 {
    22
}
