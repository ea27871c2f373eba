//! Listing what images a backup storage's own catalog has.

use crate::{Access, Operation, Route, Runs, StoredImagesReply};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lists the images that a backup storage's own catalog has, known here or not.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetImagesFromImageStoreBackupStorage {
    /// The backup storage.
    pub uuid: BackupStorageUuid,
}

impl Operation for GetImagesFromImageStoreBackupStorage {
    const NAME: &'static str = "GetImagesFromImageStoreBackupStorage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/backup-storage/{uuid}/image-store");
    const RUNS: Runs = Runs::Inline;
    const ACCESS: Access = Access::Administrator;
    type Reply = StoredImagesReply;
}
