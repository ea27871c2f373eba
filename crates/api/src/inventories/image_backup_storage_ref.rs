//! An image's place on one storage, as clients see it.

use crate::{ClassTree, DateText, Inventory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An image's place on one backup storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageBackupStorageRefInventory {
    /// A number of no meaning.
    pub id: i64,
    /// The image.
    pub image_uuid: String,
    /// The storage.
    pub backup_storage_uuid: String,
    /// Where it lies there.
    pub install_path: String,
    /// MD5 of the file that `exportUrl` gives; absent until exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_md5_sum: Option<String>,
    /// Where it can be downloaded; absent until exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_url: Option<String>,
    /// Where this copy stands; the same values as the image's.
    pub status: String,
    /// When it was made.
    pub create_date: DateText,
    /// When it was last changed.
    pub last_op_date: DateText,
}

impl Inventory for ImageBackupStorageRefInventory {
    const TREE: &'static ClassTree =
        &ClassTree { class: "org.zstack.header.image.ImageBackupStorageRefInventory", fields: &[] };
}
