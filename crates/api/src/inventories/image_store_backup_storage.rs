//! An image store as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A backup storage that is an image store, with what only those have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageStoreBackupStorageInventory {
    /// The storage's id.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// The directory of the store.
    pub url: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Bytes of the file system that it lies on.
    pub total_capacity: u64,
    /// Bytes that backups may still take.
    pub available_capacity: u64,
    /// `ImageStoreBackupStorage`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be used: `Enabled` or `Disabled`.
    pub state: String,
    /// Whether it could be reached: `Connecting`, `Connected` or `Disconnected`.
    pub status: String,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
    /// The zones that it serves.
    pub attached_zone_uuids: Vec<String>,
    /// As given when it was added; the store is a directory of this server.
    pub hostname: String,
    /// As given when it was added.
    pub username: String,
    /// As given when it was added.
    pub ssh_port: i32,
}

impl Inventory for ImageStoreBackupStorageInventory {
    const TREE: &'static ClassTree =
        &ClassTree { class: "org.zstack.storage.backup.imagestore.ImageStoreBackupStorageInventory", fields: &[] };
}
