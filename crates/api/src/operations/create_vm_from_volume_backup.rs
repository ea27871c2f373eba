//! Why no virtual machine is made of a backup.

use crate::{EmptyReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, TagPatternUuid, VolumeBackupUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Always refused, with `SYS.1014`: this server runs no virtual machines. Make a volume of the backup instead.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateVmFromVolumeBackup {
    /// The new resource's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// The backup.
    pub backup_uuid: VolumeBackupUuid,
    /// Where the backup is read from.
    #[serde(default)]
    pub backup_storage_uuid: Option<BackupStorageUuid>,
    /// Not used: no virtual machine is made.
    pub instance_offering_uuid: String,
    /// Not used: no virtual machine is made.
    #[schemars(extend("x-nonempty" = true))]
    pub l3_network_uuids: Vec<String>,
    /// Not used: no virtual machine is made.
    #[serde(default)]
    #[schemars(extend("enum" = ["UserVm", "ApplianceVm"]))]
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Not used: no virtual machine is made.
    #[serde(default)]
    pub zone_uuid: Option<String>,
    /// Not used: no virtual machine is made.
    #[serde(default)]
    pub cluster_uuid: Option<String>,
    /// Not used: no virtual machine is made.
    #[serde(default)]
    pub host_uuid: Option<String>,
    /// Not used: no virtual machine is made.
    #[serde(default)]
    pub primary_storage_uuid_for_root_volume: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// Not used: no virtual machine is made.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub root_volume_system_tags: Vec<String>,
    /// Not used: no virtual machine is made.
    #[serde(default = "instant_start")]
    #[schemars(extend("enum" = ["InstantStart", "JustCreate", "CreateStopped"]))]
    pub strategy: String,
    /// Not used: no virtual machine is made.
    #[serde(default)]
    pub default_l3_network_uuid: Option<String>,
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

impl Operation for CreateVmFromVolumeBackup {
    const NAME: &'static str = "CreateVmFromVolumeBackup";
    const GROUP: &'static str = "vm backup";
    const ROUTE: Route = Route::create("/vm-instances/from/vm-backup/{backupUuid}");
    const NEVER: Option<&'static str> = Some(
        "this server runs no virtual machines; make a volume of the backup by \
         CreateDataVolumeFromVolumeBackup instead, and start a machine with it where machines run",
    );
    type Reply = EmptyReply;
}

fn instant_start() -> String {
    "InstantStart".to_owned()
}
