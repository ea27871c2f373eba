//! A volume backup's place on one storage, as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A volume backup's place on one backup storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VolumeBackupStorageRefInventory {
    /// A number of no meaning.
    pub id: i64,
    /// The backup.
    pub volume_backup_uuid: String,
    /// The storage.
    pub backup_storage_uuid: String,
    /// Where it lies there.
    pub install_path: String,
    /// Where this copy stands; the same values as the backup's.
    pub status: String,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for VolumeBackupStorageRefInventory {
    const TREE: &'static ClassTree =
        &ClassTree { class: "org.zstack.header.storage.backup.VolumeBackupStorageRefInventory", fields: &[] };
}
