//! What a store's catalog says of one backup, image or volume, so that the store describes itself without a database.

use serde::{Deserialize, Serialize};

/// One revision of one resource. The highest revision of a uuid wins; JSON as in the store's catalog objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogRecord {
    /// What the uuid names.
    pub kind: CatalogKind,
    /// The resource.
    pub uuid: String,
    /// Counts the changes of this resource, from 1.
    pub rev: u64,
    /// Whether it exists.
    pub state: CatalogState,
    /// Its root in this store, 192 hex digits; a tombstone may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// The account that owns it.
    pub account: String,
    /// The volume that a backup is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// The backup that an incremental was taken on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The group of backups taken together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// `full` or `incremental`, of a backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// How the changes were found, of a backup: `full`, `bitmap`, `compare` or `allocation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// When it was made: RFC 3339, UTC, milliseconds.
    pub created: String,
    /// The wire fields that clients see, unknown ones kept.
    #[serde(default)]
    pub inventory: serde_json::Map<String, serde_json::Value>,
}

/// Kinds of resources that a store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatalogKind {
    /// A volume backup.
    Backup,
    /// An image.
    Image,
    /// A thin volume.
    Volume,
}

/// Whether a record's resource exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatalogState {
    /// It exists.
    Live,
    /// It was deleted; whoever finds an older row of it removes that row.
    Tombstone,
}
