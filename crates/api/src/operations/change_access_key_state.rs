//! Enabling and disabling an access key.

use crate::{AccessKeyInventory, InventoryReply, Operation, Route};
use imprint_domain::AccessKeyUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Enables or disables an access key. Requests signed with a disabled key are refused, at the latest five seconds later.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeAccessKeyState {
    /// The key's id as a resource.
    pub uuid: AccessKeyUuid,
    /// What shall happen to it.
    #[schemars(extend("enum" = ["enable", "disable"]))]
    pub state_event: String,
}

impl Operation for ChangeAccessKeyState {
    const NAME: &'static str = "ChangeAccessKeyState";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::action("/accesskeys/{uuid}/actions");
    type Reply = InventoryReply<AccessKeyInventory>;
}
