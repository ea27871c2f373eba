//! The operations, a file each.

mod add_image_store_backup_storage;
mod add_local_primary_storage;
mod create_data_volume;
mod create_template;
mod create_volume_backup;
mod delete_exported_image_from_backup_storage;
mod delete_image;
mod delete_volume_backup;
mod export_image_from_backup_storage;
mod expunge_image;
mod get_backup_storage_capacity;
mod get_version;
mod log_in_by_account;
mod log_out;
mod recover_image;
mod update_image;
mod validate_session;

pub(crate) use add_image_store_backup_storage::IMAGE_STORE;
