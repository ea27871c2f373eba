//! Making an image downloadable.

use crate::{ExportReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, ImageUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Makes an image downloadable and answers the link. Whoever has the link may download, in whole or in ranges, until it
/// expires, is deleted, or the image is given to another account. Only the image's owner and the administrator may do this,
/// and see the link on the image. Nothing is copied: the file is laid out while it is read.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportImageFromBackupStorage {
    /// The storage that the image lies on.
    pub backup_storage_uuid: BackupStorageUuid,
    /// The image.
    pub image_uuid: ImageUuid,
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
    const LONG_JOB: bool = true;
    const SINCE: &'static str = "1.7";
    type Reply = ExportReply;
}
