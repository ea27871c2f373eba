//! Taking a backup.

use crate::{ErrorKind, InventoryReply, Operation, Route, VolumeBackupInventory};
use imprint_domain::{BackupStorageUuid, TagPatternUuid, VolumeUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Takes a backup of one volume onto one backup storage. The first one there is full; later ones read and store what has
/// changed since the newest one. Each can be used and deleted without regard to the others.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateVolumeBackup {
    /// The volume.
    pub volume_uuid: VolumeUuid,
    /// Where the backup goes.
    pub backup_storage_uuid: BackupStorageUuid,
    /// The backup's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// `full` reads and stores everything again; when absent, only changes are.
    #[serde(default)]
    #[schemars(extend("enum" = ["full"]))]
    pub mode: Option<String>,
    /// Bytes a second that the backup may read from the volume.
    #[serde(default)]
    #[schemars(range(min = 1024))]
    pub volume_read_bandwidth: Option<i64>,
    /// Accepted for clients that send it; a backup writes nothing to the volume.
    #[serde(default)]
    #[schemars(range(min = 1024))]
    pub volume_write_bandwidth: Option<i64>,
    /// Accepted for clients that send it; a volume in a local file is not read over a network.
    #[serde(default)]
    #[schemars(range(min = 1024))]
    pub network_read_bandwidth: Option<i64>,
    /// Accepted for clients that send it; a store in a local directory is not written over a network.
    #[serde(default)]
    #[schemars(range(min = 1024))]
    pub network_write_bandwidth: Option<i64>,
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

impl Operation for CreateVolumeBackup {
    const NAME: &'static str = "CreateVolumeBackup";
    const GROUP: &'static str = "volume backup";
    const ROUTE: Route = Route::create("/volumes/{volumeUuid}/volume-backups");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::QUOTA_EXCEEDED];
    const LONG_JOB: bool = true;
    const SINCE: &'static str = "2.6.0";
    type Reply = InventoryReply<VolumeBackupInventory>;
}
