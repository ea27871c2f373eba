//! Gives a resource a tag of any text.

use crate::{InventoryReply, Operation, Route, UserTagInventory};
use imprint_domain::ResourceUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives a resource a tag of any text.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateUserTag {
    /// The kind of resource, such as `ImageVO`.
    pub resource_type: String,
    /// The resource.
    pub resource_uuid: ResourceUuid,
    /// The tag.
    #[schemars(extend("x-max-bytes" = 2048))]
    pub tag: String,
}

impl Operation for CreateUserTag {
    const NAME: &'static str = "CreateUserTag";
    const GROUP: &'static str = "tag";
    const ROUTE: Route = Route::create("/user-tags");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<UserTagInventory>;
}
