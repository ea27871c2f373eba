//! A volume backup as clients see it.

use crate::{ClassTree, DateText, Inventory, VolumeBackupStorageRefInventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A volume backup: the content of a volume at one point in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VolumeBackupInventory {
    /// The backup's id.
    pub uuid: String,
    /// The volume that it was taken of.
    pub volume_uuid: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The volume's type: `Root` or `Data`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be used: `Enabled` or `Disabled`.
    pub state: String,
    /// Where it stands: `Creating`, `Ready` or `Deleting`.
    pub status: String,
    /// Bytes that it added to its storage.
    pub size: u64,
    /// JSON as text: how it was taken, why so, and how many bytes were read and stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// Shared by the backups of one virtual machine that were taken together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_uuid: Option<String>,
    /// `full`, or `incremental` on the backup before it.
    pub mode: String,
    /// The virtual machine that the volume was attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vm_instance_uuid: Option<String>,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
    /// Where it lies.
    pub backup_storage_refs: Vec<VolumeBackupStorageRefInventory>,
}

impl Inventory for VolumeBackupInventory {
    const TREE: &'static ClassTree = &ClassTree {
        class: "org.zstack.header.storage.backup.VolumeBackupInventory",
        fields: &[("backupStorageRefs", VolumeBackupStorageRefInventory::TREE)],
    };
}
