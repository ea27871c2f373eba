//! A new volume of a backup.

use crate::{InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::{BackupStorageUuid, PrimaryStorageUuid, TagPatternUuid, VolumeBackupUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Makes a volume that holds what a backup holds: a new qcow2 file that depends on nothing else.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateDataVolumeFromVolumeBackup {
    /// The new resource's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// The backup.
    pub backup_uuid: VolumeBackupUuid,
    /// Where the backup is read from; unless given, any storage that it is on.
    #[serde(default)]
    pub backup_storage_uuid: Option<BackupStorageUuid>,
    /// Where the volume's file lies; the first one unless given.
    #[serde(default)]
    pub primary_storage_uuid: Option<PrimaryStorageUuid>,
    /// The virtual machine that it is attached to.
    #[serde(default)]
    pub vm_instance_uuid: Option<String>,
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

impl Operation for CreateDataVolumeFromVolumeBackup {
    const NAME: &'static str = "CreateDataVolumeFromVolumeBackup";
    const GROUP: &'static str = "volume backup";
    const ROUTE: Route = Route::create("/volumes/data-volume/from/volume-template/{backupUuid}");
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    type Reply = InventoryReply<VolumeInventory>;
}
