//! Deleting an access key.

use crate::{DeleteMode, Effect, EmptyReply, Operation, Route};
use imprint_domain::AccessKeyUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deletes an access key. Requests signed with it are refused, at the latest five seconds later. Deleting what is gone
/// already is no error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAccessKey {
    /// The key's id as a resource.
    pub uuid: AccessKeyUuid,
    /// `Permissive` or `Enforcing`; nothing depends on a key, so that both do the same.
    #[serde(default)]
    #[schemars(with = "String")]
    pub delete_mode: DeleteMode,
}

impl Operation for DeleteAccessKey {
    const NAME: &'static str = "DeleteAccessKey";
    const GROUP: &'static str = "identity";
    const ROUTE: Route = Route::delete("/accesskeys/{uuid}");
    const EFFECT: Effect = Effect::Deletes;
    type Reply = EmptyReply;
}
