//! Making an image downloadable.

use crate::{ExportReply, Operation, Route};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Makes an image downloadable and answers the link. Whoever has the link may download, in whole or in ranges, until it
/// expires. Nothing is copied: the file is laid out while it is read.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportImageFromBackupStorage {
    /// The storage that the image lies on.
    #[schemars(extend("x-resource" = "BackupStorageVO"))]
    pub backup_storage_uuid: String,
    /// The image.
    #[schemars(extend("x-resource" = "ImageVO"))]
    pub image_uuid: String,
    /// The format of the file; the image's own unless given.
    #[serde(default)]
    #[schemars(extend("enum" = ["raw", "qcow2"]))]
    pub export_format: Option<String>,
}

impl Operation for ExportImageFromBackupStorage {
    const NAME: &'static str = "ExportImageFromBackupStorage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/backup-storage/{backupStorageUuid}/actions");
    const TIMEOUT: Duration = Duration::from_hours(3);
    const SINCE: &'static str = "1.7";
    type Reply = ExportReply;
}
