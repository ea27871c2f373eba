//! Moving an image from one backup storage to another.

use crate::{Effect, ImageInventory, InventoryReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, ImageUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Moves an image from one backup storage to another. It is usable all the time; once it is whole there, it is removed here.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupStorageMigrateImage {
    /// The image.
    pub image_uuid: ImageUuid,
    /// The storage that it leaves.
    pub src_backup_storage_uuid: BackupStorageUuid,
    /// The storage that it goes to.
    pub dst_backup_storage_uuid: BackupStorageUuid,
}

impl Operation for BackupStorageMigrateImage {
    const NAME: &'static str = "BackupStorageMigrateImage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/backup-storage/images/{imageUuid}/actions");
    const EFFECT: Effect = Effect::Overwrites;
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    type Reply = InventoryReply<ImageInventory>;
}
