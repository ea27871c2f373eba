//! An image as clients see it.

use crate::{ClassTree, DateText, ImageBackupStorageRefInventory, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An image: content that volumes are made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageInventory {
    /// The image's id.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it may be used: `Enabled` or `Disabled`.
    pub state: String,
    /// Where it stands: `Creating`, `Ready` or `Deleted`.
    pub status: String,
    /// Bytes that a volume made from it has.
    pub size: u64,
    /// Bytes of its blocks that are not zero.
    pub actual_size: u64,
    /// MD5 of its exported file in its format, or `not calculated` until it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5_sum: Option<String>,
    /// What it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `RootVolumeTemplate`, `DataVolumeTemplate` or `ISO`.
    pub media_type: String,
    /// The operating system in it, in free words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_os_type: Option<String>,
    /// Always `zstack`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of operating system in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The processor that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The format that it is handed out in: `qcow2` or `raw`.
    pub format: String,
    /// Whether it belongs to the system itself.
    pub system: bool,
    /// Whether its operating system has virtio drivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtio: Option<bool>,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
    /// Where it lies.
    pub backup_storage_refs: Vec<ImageBackupStorageRefInventory>,
    /// Normally absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_tags: Option<Vec<String>>,
}

impl Inventory for ImageInventory {
    const TREE: &'static ClassTree = &ClassTree {
        class: "org.zstack.header.image.ImageInventory",
        fields: &[("backupStorageRefs", ImageBackupStorageRefInventory::TREE)],
    };
}
