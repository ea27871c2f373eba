//! Taking a download link back.

use crate::{Effect, EmptyReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, ImageUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ends the download links of an image on one backup storage. The image itself stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteExportedImageFromBackupStorage {
    /// The storage.
    pub backup_storage_uuid: BackupStorageUuid,
    /// The image.
    pub image_uuid: ImageUuid,
}

impl Operation for DeleteExportedImageFromBackupStorage {
    const NAME: &'static str = "DeleteExportedImageFromBackupStorage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::delete("/backup-storage/{backupStorageUuid}/exported-images/{imageUuid}");
    const EFFECT: Effect = Effect::Overwrites;
    const SINCE: &'static str = "1.7";
    type Reply = EmptyReply;
}
