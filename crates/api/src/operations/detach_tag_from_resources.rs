//! Detaches a tag pattern from resources.

use crate::{EmptyReply, Operation, Route};
use imprint_domain::{ResourceUuid, TagPatternUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Detaches a tag pattern from resources.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DetachTagFromResources {
    /// The tag pattern.
    pub tag_uuid: TagPatternUuid,
    /// The resources.
    #[schemars(extend("x-nonempty" = true))]
    pub resource_uuids: Vec<ResourceUuid>,
}

impl Operation for DetachTagFromResources {
    const NAME: &'static str = "DetachTagFromResources";
    const GROUP: &'static str = "tag";
    const ROUTE: Route = Route::delete("/tags/{tagUuid}/resources");
    type Reply = EmptyReply;
}
