//! The front over real connections, in front of a backend whose answers the tests choose.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod abuse;
mod access_keys;
mod answers;
mod backend;
mod calls;
mod checks;
mod connections;
mod contract;
mod downloads;
mod hostile;
mod job_records;
mod jobs;
mod mock;
mod queries;
mod server;
