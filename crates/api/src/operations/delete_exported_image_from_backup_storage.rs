//! Taking a download link back.

use crate::{EmptyReply, Operation, Route};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ends the download links of an image on one backup storage. The image itself stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteExportedImageFromBackupStorage {
    /// The storage.
    #[schemars(extend("x-resource" = "BackupStorageVO"))]
    pub backup_storage_uuid: String,
    /// The image.
    #[schemars(extend("x-resource" = "ImageVO"))]
    pub image_uuid: String,
}

impl Operation for DeleteExportedImageFromBackupStorage {
    const NAME: &'static str = "DeleteExportedImageFromBackupStorage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::delete("/backup-storage/{backupStorageUuid}/exported-images/{imageUuid}");
    const SINCE: &'static str = "1.7";
    type Reply = EmptyReply;
}
