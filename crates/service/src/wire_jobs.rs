//! Calls that clients poll.

use crate::progress::TrackedCall;
use crate::{Caller, Context, Service, ServiceError};
use imprint_domain::{AccountUuid, Timestamp};
use imprint_metadata::FailedCallRow;

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

/// A call that takes long, and runs.
#[derive(Clone, Debug)]
pub struct RunningCall {
    /// Its operation.
    pub operation: &'static str,
    /// How far it has come, of a hundred.
    pub percent: u8,
    /// What it does.
    pub step: String,
}

impl Service {
    /// Makes the row of a call that runs, of this account. `false`: the id is taken.
    pub async fn job_begin(
        &self,
        job: &str,
        operation: &'static str,
        account: Option<AccountUuid>,
    ) -> Result<bool, ServiceError> {
        Ok(self.metadata.create_job(job, operation, &self.node, account).await?)
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
    pub fn work_begin(&self, id: &str, operation: &'static str, caller: Caller, context: &Context) {
        let (account, begun) = (caller.account, self.clock.now());
        let (work, is_long_job) = (context.work.clone(), context.kept);
        self.progress.begin(id, TrackedCall { operation, account, work, begun, is_long_job, ended: None });
    }

    /// It has ended.
    pub fn work_end(&self, id: &str) {
        self.progress.end(id, self.clock.now());
    }

    /// Notes that a call that takes long has failed, with what its caller was answered. That it could not be noted is no error
    /// of the call.
    pub async fn note_failed_call(&self, job: &str, operation: &'static str, caller: Caller, error: &str) {
        if let Err(error) = self.metadata.note_failed_call(caller.account, job, operation, error).await {
            tracing::warn!(job, operation, reason = crate::error::chain(&error), "a failed call was not noted");
        }
    }

    /// The newest calls that take long and failed since then, as far as the caller sees them.
    pub async fn failed_calls(
        &self,
        caller: Caller,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<FailedCallRow>, ServiceError> {
        let account = (!caller.administrator).then_some(caller.account);
        Ok(self.metadata.failed_calls(account, since, limit).await?)
    }

    /// The calls that take long and run here now, apart from long jobs, as far as the caller sees them; newest first.
    pub fn running_calls(&self, caller: Caller) -> Vec<RunningCall> {
        let mut running = self.progress.running();
        running.retain(|call| !call.is_long_job && (caller.administrator || call.account == caller.account));
        running.sort_by_key(|call| std::cmp::Reverse(call.begun));
        let shown = |call: TrackedCall| {
            let progress = call.work.progress();
            RunningCall { operation: call.operation, percent: progress.percent, step: progress.step.to_owned() }
        };
        running.into_iter().map(shown).collect()
    }
}
