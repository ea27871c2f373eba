//! Making an access key.

use crate::{AccessKeyInventory, InventoryReply, Operation, Route};
use imprint_domain::{AccountUuid, TagPatternUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes an access key of an account: whoever holds it may sign requests in place of logging in. Its secret is in this
/// reply and in no other.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateAccessKey {
    /// The account that signed requests act for.
    #[schemars(extend("maxLength" = 32))]
    pub account_uuid: AccountUuid,
    /// The same.
    #[schemars(length(max = 32))]
    pub user_uuid: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// What requests shall name it by: visible ASCII characters but the colon; made when absent.
    #[serde(rename = "AccessKeyID", default)]
    #[schemars(length(min = 10, max = 20))]
    pub access_key_id: Option<String>,
    /// What requests shall be signed with; made when absent.
    #[serde(rename = "AccessKeySecret", default)]
    #[schemars(length(min = 10, max = 40), extend("x-secret" = true))]
    pub access_key_secret: Option<String>,
    /// The id that the new resource shall have: 32 lower-case hex digits of a UUID that names nothing yet.
    #[serde(default)]
    pub resource_uuid: Option<String>,
    /// Tag patterns to attach.
    #[serde(default)]
    #[schemars(extend("x-shared" = true))]
    pub tag_uuids: Vec<TagPatternUuid>,
    /// System tags of the new resource: none are known for access keys.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub system_tags: Vec<String>,
    /// User tags of the new resource.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub user_tags: Vec<String>,
}

impl Operation for CreateAccessKey {
    const NAME: &'static str = "CreateAccessKey";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::create("/accesskeys");
    type Reply = InventoryReply<AccessKeyInventory>;
}
