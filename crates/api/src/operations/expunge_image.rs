//! Forgetting a deleted image.

use crate::{Effect, EmptyReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, ImageUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Forgets a deleted image for good, on all its storages or on those named.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpungeImage {
    /// Not used.
    #[serde(default)]
    pub uuid: Option<String>,
    /// The image.
    pub image_uuid: ImageUuid,
    /// Only on these storages.
    #[serde(default)]
    #[schemars(extend("x-nonempty" = true))]
    pub backup_storage_uuids: Option<Vec<BackupStorageUuid>>,
}

impl Operation for ExpungeImage {
    const NAME: &'static str = "ExpungeImage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/images/{imageUuid}/actions");
    const EFFECT: Effect = Effect::Deletes;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
