//! Where it is noted how jobs stand.
//!
//! | the job | is noted |
//! |---|---|
//! | of a caller with a valid session | in a row of the backend's |
//! | of anybody else | in memory: such a call fails before it does anything, and nobody may fill the database |
//! | whose end could not be written into its row | in memory too, until it can |
//!
//! The last two are kept apart, so that strangers cannot push out how the work of others ended. What lies in memory is
//! looked at first: a row that could not be written still says that its job runs.

use crate::backend::Backend;
use crate::call::Outcome;
use crate::recent_jobs::RecentJobs;
use imprint_domain::AccountUuid;
use imprint_service::{JobState, ServiceError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// Jobs of each kind in memory.
const IN_MEMORY: usize = 2_000;

/// Before each further try to write a job's end into its row: a moment for what passes by itself, and hours for a disk to
/// which somebody must make room.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(500),
    Duration::from_secs(5),
    Duration::from_mins(1),
    Duration::from_mins(10),
    Duration::from_hours(1),
    Duration::from_hours(6),
];

/// Where a job is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// In a row: its caller, of this account, has a valid session, or needs none.
    InRow(Option<AccountUuid>),
    /// In memory.
    InMemory,
}

/// Notes how jobs stand.
#[derive(Debug)]
pub(crate) struct JobRecords<B> {
    backend: Arc<B>,
    /// Jobs that have no row.
    refused: RecentJobs,
    /// Ends that are not in their rows.
    unwritten: Arc<RecentJobs>,
    /// Tries to write them.
    retries: Mutex<JoinSet<()>>,
}

impl<B: Backend> JobRecords<B> {
    /// Without any job in memory.
    pub(crate) fn new(backend: Arc<B>) -> Self {
        let (refused, unwritten) = (RecentJobs::new(IN_MEMORY), Arc::new(RecentJobs::new(IN_MEMORY)));
        Self { backend, refused, unwritten, retries: Mutex::default() }
    }

    /// Notes that a job runs; false when there is a job of this id already.
    pub(crate) async fn begin(&self, job: &str, operation: &'static str, keep: Keep) -> Result<bool, ServiceError> {
        match keep {
            Keep::InRow(_) if self.refused.get(job).is_some() => Ok(false),
            Keep::InRow(account) => self.backend.job_begin(job, operation, account).await,
            Keep::InMemory => Ok(self.backend.job_poll(job).await? == JobState::Unknown && self.refused.begin(job)),
        }
    }

    /// Notes how a job ended.
    pub(crate) async fn end(&self, job: &str, operation: &'static str, keep: Keep, outcome: &Outcome) {
        let body = outcome.body.to_string();
        let done = |body| JobState::Done { operation: operation.to_owned(), succeeded: outcome.succeeded, body };
        match keep {
            Keep::InMemory => self.refused.set(job, done(body)),
            Keep::InRow(_) => {
                if let Err(error) = self.backend.job_end(job, outcome.succeeded, &body).await {
                    tracing::error!(job, operation, %error, "the end of a job could not be written; it is tried again");
                    self.unwritten.set(job, done(body));
                    self.retry(job.to_owned());
                }
            }
        }
    }

    /// Where a job stands.
    pub(crate) async fn poll(&self, job: &str) -> Result<JobState, ServiceError> {
        match self.unwritten.get(job).or_else(|| self.refused.get(job)) {
            Some(state) => Ok(state),
            None => self.backend.job_poll(job).await,
        }
    }

    /// Gives up what has not been written yet.
    pub(crate) async fn stop(&self) {
        let mut retries = std::mem::take(&mut *self.retries.lock().unwrap_or_else(PoisonError::into_inner));
        retries.shutdown().await;
    }

    fn retry(&self, job: String) {
        // Only the set itself is behind the lock: a panic cannot leave it half changed.
        let mut retries = self.retries.lock().unwrap_or_else(PoisonError::into_inner);
        while retries.try_join_next().is_some() {}
        retries.spawn(write_later(self.backend.clone(), self.unwritten.clone(), job));
    }
}

async fn write_later<B: Backend>(backend: Arc<B>, unwritten: Arc<RecentJobs>, job: String) {
    for pause in PAUSES {
        tokio::time::sleep(pause).await;
        let Some(JobState::Done { succeeded, body, .. }) = unwritten.get(&job) else { return };
        match backend.job_end(&job, succeeded, &body).await {
            Ok(()) => {
                tracing::info!(job, "the end of a job was written at last");
                return unwritten.remove(&job);
            }
            Err(error) => tracing::debug!(job, %error, "the end of a job could still not be written"),
        }
    }
    tracing::error!(job, "the end of a job stays in memory only: its row could not be written");
}
