//! Reconciling the metadata with a backup storage's catalog: images.

use crate::{Access, EmptyReply, Operation, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Reconciles the metadata with what a backup storage's catalog says: what only the catalog knows becomes known, after all
/// of it was found to be stored; what was deleted since goes; what only the metadata know is written into the catalog. To be
/// called when a database was lost or restored: until then its storages may only be read. All kinds of resources are
/// reconciled.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncImage {
    /// The backup storage.
    pub image_store_uuid: BackupStorageUuid,
}

impl Operation for SyncImage {
    const NAME: &'static str = "SyncImage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/backup-storage/image-store/{imageStoreUuid}/actions");
    const ACCESS: Access = Access::Administrator;
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    type Reply = EmptyReply;
}
