//! Changes a system tag.

use crate::{InventoryReply, Operation, Route, SystemTagInventory};
use imprint_domain::TagUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes a system tag.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateSystemTag {
    /// The tag.
    #[schemars(extend("x-resource" = "SystemTagVO"))]
    pub uuid: TagUuid,
    /// Its new text.
    #[schemars(extend("x-max-bytes" = 2048))]
    pub tag: String,
}

impl Operation for UpdateSystemTag {
    const NAME: &'static str = "UpdateSystemTag";
    const GROUP: &'static str = "tag";
    const ROUTE: Route = Route::action("/system-tags/{uuid}/actions");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<SystemTagInventory>;
}
