//! Taking a deletion back.

use crate::{ImageInventory, InventoryReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, ImageUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Takes the deletion of an image back, on all its storages or on those named.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoverImage {
    /// The image.
    pub image_uuid: ImageUuid,
    /// Only on these storages; none means all.
    #[serde(default)]
    pub backup_storage_uuids: Vec<BackupStorageUuid>,
}

impl Operation for RecoverImage {
    const NAME: &'static str = "RecoverImage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/images/{imageUuid}/actions");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<ImageInventory>;
}
