//! Enables or disables an image.

use crate::{ImageInventory, InventoryReply, Operation, Route};
use imprint_domain::ImageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Enables or disables an image.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeImageState {
    /// The image.
    pub uuid: ImageUuid,
    /// `enable` or `disable`.
    #[schemars(extend("enum" = ["enable", "disable"]))]
    pub state_event: String,
}

impl Operation for ChangeImageState {
    const NAME: &'static str = "ChangeImageState";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/images/{uuid}/actions");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<ImageInventory>;
}
