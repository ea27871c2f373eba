//! A volume as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A volume: a disk that backups are taken of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VolumeInventory {
    /// The volume's id.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The primary storage that its file lies on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_storage_uuid: Option<String>,
    /// The virtual machine that uses it, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vm_instance_uuid: Option<String>,
    /// The offering that it was made by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_offering_uuid: Option<String>,
    /// The image that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_image_uuid: Option<String>,
    /// Its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_path: Option<String>,
    /// `Root` or `Data`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The format of its file: `qcow2` or `raw`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Bytes that its user sees.
    pub size: u64,
    /// Bytes that its file takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual_size: Option<u64>,
    /// Its place at its virtual machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<i32>,
    /// Whether it may be used: `Enabled` or `Disabled`.
    pub state: String,
    /// Where it stands: `Creating`, `Ready` or `Deleted`.
    pub status: String,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
    /// Whether several virtual machines may use it at once.
    pub is_shareable: bool,
    /// Limits of its speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_qos: Option<String>,
    /// When it was last taken from a virtual machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_detach_date: Option<DateText>,
    /// The virtual machine that had it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_vm_instance_uuid: Option<String>,
    /// When it was last given to a virtual machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attach_date: Option<DateText>,
    /// How its storage is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

impl Inventory for VolumeInventory {
    const TREE: &'static ClassTree = &ClassTree { class: "org.zstack.header.volume.VolumeInventory", fields: &[] };
}
