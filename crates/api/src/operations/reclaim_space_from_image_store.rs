//! Freeing space in an image store.

use crate::{Access, Operation, ReclaimSpaceReply, Route};
use imprint_domain::BackupStorageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Frees space in an image store. Deleted content is not collected yet, so that this frees nothing, and says so.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReclaimSpaceFromImageStore {
    /// The storage.
    pub uuid: BackupStorageUuid,
}

impl Operation for ReclaimSpaceFromImageStore {
    const NAME: &'static str = "ReclaimSpaceFromImageStore";
    const GROUP: &'static str = "backup storage";
    const ROUTE: Route = Route::action("/backup-storage/image-store/{uuid}/actions");
    const LONG_JOB: bool = true;
    const ACCESS: Access = Access::Administrator;
    type Reply = ReclaimSpaceReply;
}
