//! HTTP: routes, log-ins, jobs, downloads, errors as answers, and the configuration. Only this crate knows HTTP; what a
//! call does is decided in `service`.

mod authorization;
mod backend;
mod byte_range;
mod call;
mod call_headers;
mod config;
mod config_file;
mod download;
mod error_reply;
mod front;
mod job_records;
mod jobs;
mod parameters;
mod query_parameters;
mod recent_jobs;
mod refusal;
mod reply;
mod request_body;
mod request_path;
mod route_table;
mod serve;
mod stall_guard;
mod web_hook;

pub use backend::Backend;
pub use backend::ByteStream;
pub use backend::Download;
pub use backend::OpenRange;
pub use backend::PerformsAll;
pub use config::ByteSize;
pub use config::Digests;
pub use config::InvalidSize;
pub use config::LogFormat;
pub use config::ServerConfig;
pub use config_file::ConfigFileError;
pub use config_file::matches_with_file;
pub use config_file::reference;
pub use serve::HttpConfig;
pub use serve::ServeError;
pub use serve::serve;
