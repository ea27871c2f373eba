//! A backup storage as clients see it, whatever its type.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A backup storage: where backups and images lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupStorageInventory {
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
}

impl Inventory for BackupStorageInventory {
    const TREE: &'static ClassTree =
        &ClassTree { class: "org.zstack.header.storage.backup.BackupStorageInventory", fields: &[] };
}
