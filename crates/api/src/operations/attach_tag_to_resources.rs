//! Attaches a tag pattern to resources: each gets a user tag.

use crate::{AttachTagToResourcesReply, Operation, Route};
use imprint_domain::{ResourceUuid, TagPatternUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Attaches a tag pattern to resources: each gets a user tag.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachTagToResources {
    /// The tag pattern.
    #[schemars(extend("x-shared" = true))]
    pub tag_uuid: TagPatternUuid,
    /// The resources.
    #[schemars(extend("x-nonempty" = true, "x-any-owner" = true))]
    pub resource_uuids: Vec<ResourceUuid>,
    /// The values of the pattern's tokens by their names.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub tokens: Option<BTreeMap<String, Value>>,
}

impl Operation for AttachTagToResources {
    const NAME: &'static str = "AttachTagToResources";
    const GROUP: &'static str = "tag";
    const ROUTE: Route = Route::create("/tags/{tagUuid}/resources");
    type Reply = AttachTagToResourcesReply;
}
