//! Adding an image from a file.

use crate::{ErrorKind, ImageInventory, InventoryReply, Operation, Route};
use imprint_domain::{BackupStorageUuid, TagPatternUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Adds an image from a file: one that is fetched, one of the server's machine, or one that the client uploads afterwards.
/// It is `Downloading` until it is whole on all its storages. If that fails for one of them, there is no image.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddImage {
    /// The image's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// Where the file is: `http://…` or `https://…`; `file:///…` or `/…` on the server's machine, beneath a directory that
    /// its configuration allows; or `upload://<any name>`: the reference's `installPath` is then, for the image's owner, the
    /// URL to send it to.
    #[schemars(length(max = 1024))]
    pub url: String,
    /// What is made of it; `RootVolumeTemplate` unless given.
    #[serde(default)]
    #[schemars(extend("enum" = ["RootVolumeTemplate", "ISO", "DataVolumeTemplate"]))]
    pub media_type: Option<String>,
    /// The operating system in it, in free words; the platform's name unless given.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub guest_os_type: Option<String>,
    /// The processor that it is for; the server's own unless given.
    #[serde(default)]
    #[schemars(length(max = 32), extend("enum" = ["x86_64", "aarch64", "mips64el", "loongarch64"]))]
    pub architecture: Option<String>,
    /// Whether it belongs to the system itself.
    #[serde(default)]
    pub system: bool,
    /// The format of the file: `qcow2`, `raw` or `iso`. May be left out for media of type ISO only.
    #[serde(default)]
    pub format: Option<String>,
    /// The kind of operating system in it; `Linux` unless given. `Paravirtualization` becomes `Other`, `WindowsVirtio` becomes `Windows`.
    #[serde(default)]
    #[schemars(extend("enum" = ["Linux", "Windows", "Other", "Paravirtualization", "WindowsVirtio"]))]
    pub platform: Option<String>,
    /// Where the image goes. Storages that are not connected are left out.
    #[schemars(extend("x-nonempty" = true))]
    pub backup_storage_uuids: Vec<BackupStorageUuid>,
    /// `zstack`, the only type of image there is.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Whether its operating system has virtio drivers.
    #[serde(default = "yes")]
    pub virtio: bool,
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

fn yes() -> bool {
    true
}

impl Operation for AddImage {
    const NAME: &'static str = "AddImage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::create("/images");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::QUOTA_EXCEEDED, ErrorKind::CREATE_RESOURCE, ErrorKind::NOT_SUPPORTED];
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<ImageInventory>;
}
