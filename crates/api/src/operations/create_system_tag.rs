//! Gives a resource a system tag, which must be one that is known for its kind.

use crate::{OptionalInventoryReply, Operation, Route, SystemTagInventory};
use imprint_domain::ResourceUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives a resource a system tag, which must be one that is known for its kind.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateSystemTag {
    /// The kind of resource, such as `ImageVO`.
    pub resource_type: String,
    /// The resource.
    pub resource_uuid: ResourceUuid,
    /// The tag.
    #[schemars(extend("x-max-bytes" = 2048))]
    pub tag: String,
}

impl Operation for CreateSystemTag {
    const NAME: &'static str = "CreateSystemTag";
    const GROUP: &'static str = "tag";
    const ROUTE: Route = Route::create("/system-tags");
    const SINCE: &'static str = "0.6";
    type Reply = OptionalInventoryReply<SystemTagInventory>;
}
