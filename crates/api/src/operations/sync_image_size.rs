//! Correcting the size of an image.

use crate::{ImageInventory, InventoryReply, Operation, Route};
use imprint_domain::ImageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads the sizes of an image from what is stored of it, and answers it with them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncImageSize {
    /// The image.
    pub uuid: ImageUuid,
}

impl Operation for SyncImageSize {
    const NAME: &'static str = "SyncImageSize";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/images/{uuid}/actions");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<ImageInventory>;
}
