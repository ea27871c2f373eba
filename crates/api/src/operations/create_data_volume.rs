//! Making a volume.

use crate::{ErrorKind, InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::{PrimaryStorageUuid, TagPatternUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes a volume: a blank one of `diskSize` bytes, or one of a disk file that lies in the primary storage already, named by
/// the system tag `volume::source::file:<name>?format=qcow2` (or `raw`). The file is only read, and its format is never guessed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateDataVolume {
    /// The new resource's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// Not used: there are no disk offerings.
    #[serde(default)]
    #[schemars(extend("x-resource" = "DiskOfferingVO"))]
    pub disk_offering_uuid: Option<String>,
    /// Bytes of a blank volume; for one of a file the file decides.
    #[serde(default)]
    pub disk_size: i64,
    /// Where its file lies; the first one unless given.
    #[serde(default)]
    pub primary_storage_uuid: Option<PrimaryStorageUuid>,
    /// The id that the new resource shall have: 32 lower-case hex digits of a UUID that names nothing yet.
    #[serde(default)]
    pub resource_uuid: Option<String>,
    /// Tag patterns to attach.
    #[serde(default)]
    #[schemars(extend("x-shared" = true))]
    pub tag_uuids: Vec<TagPatternUuid>,
    /// System tags of the new resource.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub system_tags: Vec<String>,
    /// User tags of the new resource.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub user_tags: Vec<String>,
}

impl Operation for CreateDataVolume {
    const NAME: &'static str = "CreateDataVolume";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::create("/volumes/data");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::PERMISSION_DENIED];
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<VolumeInventory>;
}
