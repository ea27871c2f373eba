//! A primary storage as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A primary storage: a directory in which volumes lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrimaryStorageInventory {
    /// The storage's id.
    pub uuid: String,
    /// The zone that it belongs to.
    pub zone_uuid: String,
    /// Its name.
    pub name: String,
    /// The directory.
    pub url: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Bytes of the file system that it lies on.
    pub total_capacity: u64,
    /// Bytes that volumes may still take.
    pub available_capacity: u64,
    /// Bytes of the file system that it lies on.
    pub total_physical_capacity: u64,
    /// Bytes of it that are free.
    pub available_physical_capacity: u64,
    /// Bytes that other things than volumes take, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_used_capacity: Option<u64>,
    /// `LocalStorage`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be used: `Enabled` or `Disabled`.
    pub state: String,
    /// Whether it could be reached: `Connecting`, `Connected` or `Disconnected`.
    pub status: String,
    /// The directory, once more.
    pub mount_path: String,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
    /// Always empty: there are no clusters here.
    pub attached_cluster_uuids: Vec<String>,
}

impl Inventory for PrimaryStorageInventory {
    const TREE: &'static ClassTree =
        &ClassTree { class: "org.zstack.header.storage.primary.PrimaryStorageInventory", fields: &[] };
}
