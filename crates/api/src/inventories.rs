//! Inventories: resources as JSON objects, each with exactly the fields that clients know. What is null is left out.

mod backup_storage;
mod image;
mod image_backup_storage_ref;
mod image_store_backup_storage;
mod primary_storage;
mod session;
mod volume;
mod volume_backup;
mod volume_backup_storage_ref;
mod zone;

pub use backup_storage::BackupStorageInventory;
pub use image::ImageInventory;
pub use image_backup_storage_ref::ImageBackupStorageRefInventory;
pub use image_store_backup_storage::ImageStoreBackupStorageInventory;
pub use primary_storage::PrimaryStorageInventory;
pub use session::SessionInventory;
pub use volume::VolumeInventory;
pub use volume_backup::VolumeBackupInventory;
pub use volume_backup_storage_ref::VolumeBackupStorageRefInventory;
pub use zone::ZoneInventory;
