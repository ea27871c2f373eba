//! What can be queried.

use crate::{
    BackupStorageInventory, ClassTree, ImageInventory, ImageStoreBackupStorageInventory, Inventory,
    PrimaryStorageInventory, VolumeBackupInventory, VolumeInventory, ZoneInventory,
};
use schemars::schema_for;

/// A collection of resources that can be queried, and with it the inventory of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueryResource {
    /// Zones.
    Zone,
    /// Backup storages of every type, with what all types have.
    BackupStorage,
    /// Image stores.
    ImageStoreBackupStorage,
    /// Primary storages.
    PrimaryStorage,
    /// Volumes.
    Volume,
    /// Volume backups.
    VolumeBackup,
    /// Images, deleted ones that can be recovered included.
    Image,
}

impl QueryResource {
    /// The class of its rows and of what they hold.
    pub const fn tree(self) -> &'static ClassTree {
        match self {
            Self::Zone => ZoneInventory::TREE,
            Self::BackupStorage => BackupStorageInventory::TREE,
            Self::ImageStoreBackupStorage => ImageStoreBackupStorageInventory::TREE,
            Self::PrimaryStorage => PrimaryStorageInventory::TREE,
            Self::Volume => VolumeInventory::TREE,
            Self::VolumeBackup => VolumeBackupInventory::TREE,
            Self::Image => ImageInventory::TREE,
        }
    }

    /// The names of the fields of its rows.
    pub fn field_names(self) -> Vec<String> {
        let schema = match self {
            Self::Zone => schema_for!(ZoneInventory),
            Self::BackupStorage => schema_for!(BackupStorageInventory),
            Self::ImageStoreBackupStorage => schema_for!(ImageStoreBackupStorageInventory),
            Self::PrimaryStorage => schema_for!(PrimaryStorageInventory),
            Self::Volume => schema_for!(VolumeInventory),
            Self::VolumeBackup => schema_for!(VolumeBackupInventory),
            Self::Image => schema_for!(ImageInventory),
        };
        let properties = schema.get("properties").and_then(serde_json::Value::as_object);
        properties.into_iter().flat_map(|map| map.keys().cloned()).collect()
    }

    /// The collection whose rows have more fields, when a query asks for this `type` only.
    #[must_use]
    pub fn of_type(self, type_name: &str) -> Self {
        match (self, type_name) {
            (Self::BackupStorage, "ImageStoreBackupStorage") => Self::ImageStoreBackupStorage,
            _ => self,
        }
    }
}
