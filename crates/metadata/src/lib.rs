//! Metadata on SQLite and PostgreSQL: the one place where SQL is written.
//!
//! * Every function of [`Metadata`] that changes something is one transaction; whatever must be atomic is one function.
//! * On SQLite all changes pass one writer, which commits those that wait together (`writer.rs`). On PostgreSQL each is
//!   a transaction of its own.
//! * SQL is written once for both databases: `$1` placeholders, `TEXT` ids of 32 hex digits, `BIGINT` for all integers
//!   (u64 as i64) and for points in time (milliseconds).
//! * What must not race locks its source row (`FOR UPDATE` on PostgreSQL; on SQLite the one writer is the lock).

mod access;
mod access_keys;
mod accounts;
mod attachments;
mod backup_storages;
mod backups;
mod catalog;
mod columns;
mod connection;
mod copy;
mod digests;
mod error;
mod exports;
mod images;
mod installation;
mod jobs;
mod leases;
mod long_jobs;
mod management_nodes;
mod migrations;
mod primary_storages;
mod query;
mod quotas;
mod records;
mod resources;
mod sessions;
mod shares;
mod tag_patterns;
mod tags;
mod templates;
mod volumes;
mod writer;
mod zones;

pub use access::Scope;
pub use access_keys::AccessKeyRow;
pub use access_keys::SigningKey;
pub use accounts::AccountChanges;
pub use accounts::AccountRow;
pub use accounts::ChangeAccountError;
pub use attachments::AttachVolumeError;
pub use backup_storages::BackupStorageRow;
pub use backups::BackupFacts;
pub use backups::BeginBackup;
pub use backups::BeginBackupError;
pub use backups::BeginBackupsError;
pub use backups::BegunBackup;
pub use backups::CommitBackup;
pub use backups::CommitBackupError;
pub use backups::VolumeBackupRefRow;
pub use backups::VolumeBackupRow;
pub use catalog::CatalogBatch;
pub use connection::DatabaseUrl;
pub use connection::Metadata;
pub use connection::OpenMetadataError;
pub use copy::CopyError;
pub use digests::Digest;
pub use digests::Undigested;
pub use error::CreateError;
pub use error::MetadataError;
pub use exports::ExportRow;
pub use exports::NewExport;
pub use images::ChangeImageError;
pub use images::ImageChanges;
pub use images::ImageRefRow;
pub use images::ImageRow;
pub use jobs::JobRow;
pub use leases::LeaseGone;
pub use leases::NewLease;
pub use leases::RegisterSegmentError;
pub use long_jobs::LongJobRow;
pub use management_nodes::ManagementNodeRow;
pub use primary_storages::PrimaryStorageRow;
pub use query::Page;
pub use query::Query;
pub use query::QueryError;
pub use quotas::QuotaExceeded;
pub use quotas::QuotaRow;
pub use resources::Owner;
pub use sessions::CreateSessionError;
pub use sessions::SessionRow;
pub use shares::Receivers;
pub use shares::ShareRow;
pub use tag_patterns::TagPatternChanges;
pub use tag_patterns::TagPatternRow;
pub use tags::MadeTag;
pub use tags::NewTags;
pub use tags::TagRow;
pub use templates::CreateImageError;
pub use templates::NewImage;
pub use volumes::EndRevert;
pub use volumes::FinishVolumeError;
pub use volumes::NewRevert;
pub use volumes::VolumeGone;
pub use volumes::VolumeRevert;
pub use volumes::VolumeRow;
pub use zones::ZoneRow;
