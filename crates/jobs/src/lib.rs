//! Long work, tied together of the crates below: backups, digests, exports, and the publishing of catalogs.
//!
//! [`Jobs`] is held once by a server. Blocking work runs on threads of its own; what must be atomic is one function of
//! `metadata`.

mod background;
mod backup;
mod changes;
mod differences;
mod digest;
mod export;
mod jobs;
mod publish;
mod resize;
mod restore;
mod revert;
mod source;
mod store_leases;
mod stores;
mod target;
mod throttle;
mod turns;
mod units;
mod volume_bytes;
mod volume_file;
mod watch;
mod work;
mod write_state;

pub use backup::BackupError;
pub use backup::BackupRequest;
pub use backup::BackupsError;
pub use digest::LAYOUT_VERSION;
pub use export::Export;
pub use export::ReadStoreError;
pub use jobs::AdmittedStore;
pub use jobs::Jobs;
pub use jobs::JobsSettings;
pub use publish::PublishError;
pub use resize::ResizeError;
pub use restore::CreateVolumeError;
pub use restore::NewVolume;
pub use restore::VolumeSizes;
pub use revert::RevertError;
pub use revert::RevertRequest;
pub use source::OpenSource;
pub use source::OpenSourceError;
pub use source::Source;
pub use stores::OpenStorageError;
pub use stores::ReconnectError;
pub use stores::Stores;
pub use volume_file::WriteVolumeError;
pub use watch::Ending;
pub use work::Work;
pub use work::WorkProgress;
pub use write_state::WriteStateError;
