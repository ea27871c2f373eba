//! Shares resources with accounts, or with all.

use crate::{EmptyReply, Operation, Route};
use imprint_domain::{AccountUuid, ResourceUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shares resources with accounts, or with all. They may use them, and not change them.
/// Volumes, backups, images, tag patterns and long jobs are shared; what belongs to nobody everybody sees.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShareResource {
    /// The resources.
    #[schemars(extend("x-nonempty" = true))]
    pub resource_uuids: Vec<ResourceUuid>,
    /// The accounts.
    #[serde(default)]
    #[schemars(extend("x-any-owner" = true))]
    pub account_uuids: Vec<AccountUuid>,
    /// With all accounts.
    #[serde(default)]
    pub to_public: bool,
}

impl Operation for ShareResource {
    const NAME: &'static str = "ShareResource";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::action("/accounts/resources/actions");
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
