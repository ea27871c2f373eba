//! Makes a tag pattern, which can be attached to resources.

use crate::{InventoryReply, Operation, Route, TagPatternInventory};
use imprint_domain::TagPatternUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes a tag pattern, which can be attached to resources.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateTag {
    /// Its name.
    #[schemars(length(max = 128))]
    pub name: String,
    /// The text of its tags; `{words}` in braces are tokens of a pattern `withToken`.
    #[schemars(length(max = 128))]
    pub value: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// Its colour, such as `#a0b1c2`.
    #[serde(default)]
    pub color: Option<String>,
    /// `simple`, or `withToken`.
    #[serde(rename = "type", default = "simple")]
    #[schemars(extend("enum" = ["simple", "withToken"]))]
    pub kind: String,
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

impl Operation for CreateTag {
    const NAME: &'static str = "CreateTag";
    const GROUP: &'static str = "tag";
    const ROUTE: Route = Route::create("/tags");
    type Reply = InventoryReply<TagPatternInventory>;
}

fn simple() -> String {
    "simple".to_owned()
}
