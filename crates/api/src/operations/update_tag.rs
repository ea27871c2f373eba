//! Changes a tag pattern, and with it the tags that were made of it.

use crate::{InventoryReply, Operation, Route, TagPatternInventory};
use imprint_domain::TagPatternUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes a tag pattern, and with it the tags that were made of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateTag {
    /// The tag pattern.
    pub uuid: TagPatternUuid,
    /// Its name.
    #[serde(default)]
    #[schemars(length(max = 128))]
    pub name: Option<String>,
    /// Its value.
    #[serde(default)]
    #[schemars(length(max = 128))]
    pub value: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// Its colour, such as `#a0b1c2`.
    #[serde(default)]
    pub color: Option<String>,
}

impl Operation for UpdateTag {
    const NAME: &'static str = "UpdateTag";
    const GROUP: &'static str = "tag";
    const ROUTE: Route = Route::action("/tags/{uuid}/actions");
    type Reply = InventoryReply<TagPatternInventory>;
}
