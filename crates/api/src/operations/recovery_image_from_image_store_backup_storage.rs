//! Bringing an image back from another backup storage, as a new one.

use crate::{ErrorKind, ImageInventory, InventoryReply, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Brings an image back from another backup storage, as a new image. The image that is copied need not be known here: one
/// that only the storage's own catalog has will do, for the administrator.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryImageFromImageStoreBackupStorage {
    /// The image that is copied.
    pub uuid: String,
    /// The storage that it is read from.
    pub src_backup_storage_uuid: BackupStorageUuid,
    /// The storage that the new image is made on.
    pub dst_backup_storage_uuid: BackupStorageUuid,
    /// The new image's name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// What the new image is for.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub description: Option<String>,
    /// System tags of the new image.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub system_tags: Vec<String>,
    /// User tags of the new image.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub user_tags: Vec<String>,
}

impl Operation for RecoveryImageFromImageStoreBackupStorage {
    const NAME: &'static str = "RecoveryImageFromImageStoreBackupStorage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/backup-storage/{uuid}/actions");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::QUOTA_EXCEEDED];
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    type Reply = InventoryReply<ImageInventory>;
}
