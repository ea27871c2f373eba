//! Removing a primary storage.

use crate::{Access, DeleteMode, Effect, EmptyReply, ErrorKind, Operation, Route};
use imprint_domain::PrimaryStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Removes a primary storage that no volume lies on. Its directory is left as it is. Deleting what is gone already is no
/// error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletePrimaryStorage {
    /// The storage.
    pub uuid: PrimaryStorageUuid,
    /// `Permissive` or `Enforcing`; both refuse while volumes lie there.
    #[serde(default)]
    #[schemars(with = "String")]
    pub delete_mode: DeleteMode,
}

impl Operation for DeletePrimaryStorage {
    const NAME: &'static str = "DeletePrimaryStorage";
    const GROUP: &'static str = "primary storage";
    const ROUTE: Route = Route::delete("/primary-storage/{uuid}");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::DELETE_RESOURCE];
    const EFFECT: Effect = Effect::Deletes;
    const ACCESS: Access = Access::Administrator;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
