//! Backing up a virtual machine.

use crate::{ErrorKind, InventoriesReply, Operation, Route, VolumeBackupInventory};
use imprint_domain::{BackupStorageUuid, TagPatternUuid, VolumeUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Takes backups of all volumes of a virtual machine at one point in time, as one group: the root volume, and those that
/// are attached to the same machine. Either all of them are made or none.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateVmBackup {
    /// The virtual machine's root volume: one that was made with the system tag `volume::type::Root`.
    pub root_volume_uuid: VolumeUuid,
    /// Where the backups go.
    pub backup_storage_uuid: BackupStorageUuid,
    /// The backups' name.
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
    /// Bytes a second that the backup may read from each volume.
    #[serde(default)]
    #[schemars(range(min = 1024))]
    pub volume_read_bandwidth: Option<i64>,
    /// Accepted for clients that send it; a backup writes nothing to the volumes.
    #[serde(default)]
    #[schemars(range(min = 1024))]
    pub volume_write_bandwidth: Option<i64>,
    /// Accepted for clients that send it; volumes in local files are not read over a network.
    #[serde(default)]
    #[schemars(range(min = 1024))]
    pub network_read_bandwidth: Option<i64>,
    /// Accepted for clients that send it; a store in a local directory is not written over a network.
    #[serde(default)]
    #[schemars(range(min = 1024))]
    pub network_write_bandwidth: Option<i64>,
    /// The id of the root volume's backup: 32 lower-case hex digits of a UUID that names nothing yet.
    #[serde(default)]
    pub resource_uuid: Option<String>,
    /// Tag patterns to attach.
    #[serde(default)]
    #[schemars(extend("x-shared" = true))]
    pub tag_uuids: Vec<TagPatternUuid>,
    /// System tags of each backup.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub system_tags: Vec<String>,
    /// User tags of each backup.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub user_tags: Vec<String>,
}

impl Operation for CreateVmBackup {
    const NAME: &'static str = "CreateVmBackup";
    const GROUP: &'static str = "vm backup";
    const ROUTE: Route = Route::create("/volumes/{rootVolumeUuid}/vm-backups");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::QUOTA_EXCEEDED];
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    const SINCE: &'static str = "3.0.0";
    type Reply = InventoriesReply<VolumeBackupInventory>;
}
