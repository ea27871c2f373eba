//! What each operation does: its rules, then one transaction or one job. Used by the API's front and by the console alike.
//!
//! [`Service`] implements [`Perform`] once for each operation, a file each in `operations/`. It knows no HTTP: errors are
//! [`ServiceError`] values, which the server turns into codes and texts in one place.

mod access_keys;
mod allowed_dirs;
mod arguments;
mod caller;
mod capacity;
mod choose_storage;
mod copies;
mod data_dir;
mod deletion;
mod dispatch;
mod downloads;
mod durable_dir;
mod error;
mod image_origin;
mod inventories;
mod log_in_limits;
mod long_jobs;
mod new_images;
mod operations;
mod password;
mod password_checks;
mod perform;
mod permission;
mod progress;
mod query;
mod reconciling;
mod service;
mod session_cache;
mod sessions;
mod storage_care;
mod system_clock;
mod system_tags;
mod tag_tokens;
mod unfinished_volumes;
mod upkeep;
mod uploads;
mod volume_files;
mod volume_source;
mod wire_jobs;

pub use access_keys::AccessKeyError;
pub use access_keys::SignedRequest;
pub use caller::Caller;
pub use data_dir::OpenDataDirError;
pub use deletion::DeletionPolicy;
pub use deletion::DeletionSettings;
pub use dispatch::BoxFuture;
pub use dispatch::Dispatch;
pub use dispatch::Dispatcher;
pub use dispatch::Performed;
pub use downloads::Download;
pub use error::Refusal;
pub use error::ServiceError;
pub use imprint_metadata::Owner;
pub use perform::Context;
pub use perform::Perform;
pub use permission::IdReference;
pub use query::QueryReply;
pub use query::QueryRequest;
pub use service::Service;
pub use service::Settings;
pub use service::StartError;
pub use system_clock::SystemClock;
pub use uploads::UploadBytes;
pub use uploads::UploadPart;
pub use wire_jobs::JobState;

pub use imprint_jobs::FetchError;
pub use imprint_jobs::IncomingFileError;
pub use imprint_jobs::UploadError;
pub use imprint_jobs::UploadProgress;
pub use imprint_jobs::UploadState;
pub use imprint_jobs::Work;
pub use imprint_jobs::outbound_http;
