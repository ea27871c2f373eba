//! Making a root volume template of a backup.

use crate::{ErrorKind, ImageInventory, InventoryReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, TagPatternUuid, VolumeBackupUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Makes an image for root volumes of any volume backup, in the same short time whatever its size: nothing is copied. The
/// image is `Ready` when the call returns, and stays whole when the backup is deleted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateRootVolumeTemplateFromVolumeBackup {
    /// The volume backup.
    #[schemars(extend("x-shared" = true))]
    pub backup_uuid: VolumeBackupUuid,
    /// The storage that the backup lies on; the image lies there too.
    pub backup_storage_uuid: BackupStorageUuid,
    /// The image's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// The operating system in it, in free words; the platform's name unless given.
    #[serde(default)]
    pub guest_os_type: Option<String>,
    /// The kind of operating system in it; `Linux` unless given. `Paravirtualization` becomes `Other`, `WindowsVirtio` becomes `Windows`.
    #[serde(default)]
    #[schemars(extend("enum" = ["Linux", "Windows", "Other", "Paravirtualization", "WindowsVirtio"]))]
    pub platform: Option<String>,
    /// The processor that it is for.
    #[serde(default)]
    #[schemars(extend("enum" = ["x86_64", "aarch64", "mips64el", "loongarch64"]))]
    pub architecture: Option<String>,
    /// Whether it belongs to the system itself.
    #[serde(default)]
    pub system: bool,
    /// Whether its operating system has virtio drivers.
    #[serde(default)]
    pub virtio: Option<bool>,
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

impl Operation for CreateRootVolumeTemplateFromVolumeBackup {
    const NAME: &'static str = "CreateRootVolumeTemplateFromVolumeBackup";
    const GROUP: &'static str = "volume backup";
    const ROUTE: Route = Route::create("/images/root-volume-templates/from/volume-template/{backupUuid}");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::QUOTA_EXCEEDED];
    const TIMEOUT: Duration = Duration::from_hours(72);
    const LONG_JOB: bool = true;
    const SINCE: &'static str = "2.6.0";
    type Reply = InventoryReply<ImageInventory>;
}
