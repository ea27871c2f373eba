//! Long work, tied together of the crates below: backups, digests, exports, and the publishing of catalogs.
//!
//! [`Jobs`] is held once by a server. Blocking work runs on threads of its own; what must be atomic is one function of
//! `metadata`.

mod background;
mod backup;
mod changes;
mod digest;
mod export;
mod jobs;
mod publish;
mod source;
mod store_leases;
mod stores;
mod throttle;
mod turns;
mod watch;
mod work;
mod write_state;

pub use backup::BackupError;
pub use backup::BackupRequest;
pub use digest::LAYOUT_VERSION;
pub use export::Export;
pub use export::ReadStoreError;
pub use jobs::AdmittedStore;
pub use jobs::Jobs;
pub use jobs::JobsSettings;
pub use publish::PublishError;
pub use source::OpenSource;
pub use source::OpenSourceError;
pub use source::Source;
pub use stores::OpenStorageError;
pub use stores::Stores;
pub use watch::Ending;
pub use work::Work;
pub use work::WorkProgress;
pub use write_state::WriteStateError;
