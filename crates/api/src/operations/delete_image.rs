//! Deleting an image.

use crate::{DeleteMode, Effect, EmptyReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, ImageUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deletes an image, from all its storages or from those named. It can be recovered until it is expunged. Deleting what is
/// gone already is no error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteImage {
    /// The image.
    pub uuid: ImageUuid,
    /// Only from these storages.
    #[serde(default)]
    #[schemars(extend("x-nonempty" = true))]
    pub backup_storage_uuids: Option<Vec<BackupStorageUuid>>,
    /// `Permissive` or `Enforcing`; both delete here, for nothing that depends on it is harmed.
    #[serde(default)]
    #[schemars(with = "String")]
    pub delete_mode: DeleteMode,
}

impl Operation for DeleteImage {
    const NAME: &'static str = "DeleteImage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::delete("/images/{uuid}");
    const EFFECT: Effect = Effect::Deletes;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
