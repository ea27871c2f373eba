//! The words of Imprint as types: ids, sizes, block arithmetic, points in time and resource states.
//!
//! Nothing here does I/O, waits, or reads a clock: [`Clock`] is a trait, and whoever needs the time takes one.

mod block;
mod catalog_record;
mod clock;
mod encoded_root;
mod ids;
mod secret;
mod segment_id;
mod states;

pub use block::BLOCK_SHIFT;
pub use block::BLOCK_SIZE;
pub use block::BlockIndex;
pub use block::VolumeSize;
pub use block::VolumeTooLarge;
pub use catalog_record::CatalogKind;
pub use catalog_record::CatalogRecord;
pub use catalog_record::CatalogState;
pub use clock::Clock;
pub use clock::Timestamp;
pub use encoded_root::EncodedRoot;
pub use encoded_root::InvalidEncodedRoot;
pub use ids::AccessKeyUuid;
pub use ids::AccountUuid;
pub use ids::BackupGroupUuid;
pub use ids::BackupStorageUuid;
pub use ids::ImageUuid;
pub use ids::InstallationUuid;
pub use ids::InvalidUuid;
pub use ids::JobUuid;
pub use ids::LeaseUuid;
pub use ids::LongJobUuid;
pub use ids::PrimaryStorageUuid;
pub use ids::QuotaUuid;
pub use ids::ResourceId;
pub use ids::ResourceUuid;
pub use ids::SessionUuid;
pub use ids::StoreUuid;
pub use ids::TagPatternUuid;
pub use ids::TagUuid;
pub use ids::VmInstanceUuid;
pub use ids::VolumeBackupUuid;
pub use ids::VolumeUuid;
pub use ids::ZoneUuid;
pub use secret::Secret;
pub use segment_id::InvalidSegmentId;
pub use segment_id::SegmentId;
pub use states::BackupMode;
pub use states::ImageFormat;
pub use states::LongJobState;
pub use states::MediaType;
pub use states::ResourceState;
pub use states::ResourceStatus;
pub use states::StorageStatus;
pub use states::UnknownName;
