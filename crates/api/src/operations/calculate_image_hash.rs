//! Computing the hash of an image.

use crate::{ImageInventory, InventoryReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, ImageUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Computes the hash of an image's file, unless it is known. MD5 is then the image's `md5Sum`, SHA-256 its system tag
/// `image::sha256::…`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalculateImageHash {
    /// The image.
    pub uuid: ImageUuid,
    /// The storage whose copy is read.
    pub backup_storage_uuid: BackupStorageUuid,
    /// `MD5` or `SHA-256`; both are computed together.
    #[serde(default = "md5")]
    pub algorithm: String,
}

fn md5() -> String {
    "MD5".to_owned()
}

impl Operation for CalculateImageHash {
    const NAME: &'static str = "CalculateImageHash";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/images/{uuid}/actions");
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    const SINCE: &'static str = "4.1.0";
    type Reply = InventoryReply<ImageInventory>;
}
