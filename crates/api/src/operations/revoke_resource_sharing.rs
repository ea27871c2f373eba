//! Ends the sharing of resources.

use crate::{Effect, EmptyReply, Operation, Route};
use imprint_domain::{AccountUuid, ResourceUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ends the sharing of resources.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevokeResourceSharing {
    /// The resources.
    #[schemars(extend("x-nonempty" = true))]
    pub resource_uuids: Vec<ResourceUuid>,
    /// With all accounts.
    #[serde(default)]
    pub to_public: bool,
    /// With these accounts.
    #[serde(default)]
    #[schemars(extend("x-any-owner" = true))]
    pub account_uuids: Vec<AccountUuid>,
    /// With each account and with all.
    #[serde(default)]
    pub all: bool,
}

impl Operation for RevokeResourceSharing {
    const NAME: &'static str = "RevokeResourceSharing";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::action("/accounts/resources/actions");
    const EFFECT: Effect = Effect::Overwrites;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
