//! Gives a resource several system tags.

use crate::{InventoriesReply, SystemTagInventory, Operation, Route};
use imprint_domain::ResourceUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives a resource several system tags.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateSystemTags {
    /// The kind of resource, such as `ImageVO`.
    pub resource_type: String,
    /// The resource.
    pub resource_uuid: ResourceUuid,
    /// The tags.
    #[schemars(extend("x-nonempty" = true, "x-max-bytes" = 2048))]
    pub tags: Vec<String>,
}

impl Operation for CreateSystemTags {
    const NAME: &'static str = "CreateSystemTags";
    const GROUP: &'static str = "tag";
    const ROUTE: Route = Route::create("/system-tags/{resourceUuid}/tags");
    const SINCE: &'static str = "4.7.0";
    type Reply = InventoriesReply<SystemTagInventory>;
}
