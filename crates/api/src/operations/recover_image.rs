//! Taking a deletion back.

use crate::{ImageInventory, InventoryReply, Operation, Route};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Takes the deletion of an image back, on all its storages or on those named.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoverImage {
    /// The image.
    #[schemars(extend("x-resource" = "ImageVO"))]
    pub image_uuid: String,
    /// Only on these storages; none means all.
    #[serde(default)]
    #[schemars(extend("x-resource" = "BackupStorageVO"))]
    pub backup_storage_uuids: Vec<String>,
}

impl Operation for RecoverImage {
    const NAME: &'static str = "RecoverImage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/images/{imageUuid}/actions");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<ImageInventory>;
}
