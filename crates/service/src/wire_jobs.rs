//! Calls that clients poll.

use crate::progress::TrackedCall;
use crate::{Caller, Service, ServiceError, Work};

/// Where a polled call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// There is no such call, or it ended too long ago.
    Unknown,
    /// It runs.
    Running,
    /// It ended.
    Done {
        /// Its operation.
        operation: String,
        /// Whether it succeeded.
        succeeded: bool,
        /// What a poll answers, without `schema`.
        body: String,
    },
}

impl Service {
    /// Makes the row of a call that runs. `false`: the id is taken.
    pub async fn job_begin(&self, job: &str, operation: &'static str) -> Result<bool, ServiceError> {
        Ok(self.metadata.create_job(job, operation, &self.node).await?)
    }

    /// Stores a call's end and the body that a poll answers.
    pub async fn job_end(&self, job: &str, succeeded: bool, body: &str) -> Result<(), ServiceError> {
        Ok(self.metadata.finish_job(job, succeeded, body).await?)
    }

    /// Where a call stands.
    pub async fn job_poll(&self, job: &str) -> Result<JobState, ServiceError> {
        Ok(match self.metadata.job(job).await? {
            None => JobState::Unknown,
            Some(row) => match row.ended {
                None => JobState::Running,
                Some((succeeded, body)) => JobState::Done { operation: row.operation, succeeded, body },
            },
        })
    }

    /// A call that takes long begins; its progress can be asked for by its id until a while after [`Self::work_end`].
    pub fn work_begin(&self, id: &str, operation: &'static str, caller: Caller, work: &Work) {
        let (account, begun) = (caller.account, self.clock.now());
        self.progress.begin(id, TrackedCall { operation, account, work: work.clone(), begun, ended: None });
    }

    /// It has ended.
    pub fn work_end(&self, id: &str) {
        self.progress.end(id, self.clock.now());
    }
}
