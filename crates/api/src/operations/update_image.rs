//! Changing an image's description.

use crate::{ImageInventory, InventoryReply, Operation, Route};
use imprint_domain::ImageUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes what an image says about itself. What is not given stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateImage {
    /// The image.
    pub uuid: ImageUuid,
    /// Its new name.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// The operating system in it, in free words.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub guest_os_type: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 255), extend("enum" = ["RootVolumeTemplate", "DataVolumeTemplate", "ISO"]))]
    pub media_type: Option<String>,
    /// The format that it is handed out in.
    #[serde(default)]
    #[schemars(length(max = 255), extend("enum" = ["raw", "qcow2", "iso"]))]
    pub format: Option<String>,
    /// Whether it belongs to the system itself.
    #[serde(default)]
    pub system: Option<bool>,
    /// The kind of operating system in it, stored as given.
    #[serde(default)]
    #[schemars(extend("enum" = ["Linux", "Windows", "Other", "Paravirtualization", "WindowsVirtio"]))]
    pub platform: Option<String>,
    /// The processor that it is for.
    #[serde(default)]
    #[schemars(length(max = 32), extend("enum" = ["x86_64", "aarch64", "mips64el", "loongarch64"]))]
    pub architecture: Option<String>,
    /// Whether its operating system has virtio drivers.
    #[serde(default)]
    pub virtio: Option<bool>,
}

impl Operation for UpdateImage {
    const NAME: &'static str = "UpdateImage";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::action("/images/{uuid}/actions");
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<ImageInventory>;
}
