//! Making a data volume template of a volume as it is now.

use crate::{ErrorKind, ImageInventory, InventoryReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, TagPatternUuid, VolumeUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Makes an image for data volumes of what a volume holds now: a backup and a template in one. Where the storage has a
/// backup of the volume, only what has changed since is stored.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateDataVolumeTemplateFromVolume {
    /// The image's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// The volume.
    pub volume_uuid: VolumeUuid,
    /// Where the image goes; when absent, to the storage that has the volume's newest backup, else to the one with the most
    /// space.
    #[serde(default)]
    #[schemars(extend("x-nonempty" = true))]
    pub backup_storage_uuids: Option<Vec<BackupStorageUuid>>,
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

impl Operation for CreateDataVolumeTemplateFromVolume {
    const NAME: &'static str = "CreateDataVolumeTemplateFromVolume";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::create("/images/data-volume-templates/from/volumes/{volumeUuid}");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::QUOTA_EXCEEDED, ErrorKind::BACKUP_STORAGE_ALLOCATION];
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<ImageInventory>;
}
