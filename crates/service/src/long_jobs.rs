//! Long jobs: operations that run apart from the call that submitted them, and whose state and result are kept.
//!
//! The server that a job was submitted to runs it. Another one that shares the database cancels it by its row, which the
//! running one looks at every [`LOOK_EVERY`].

use crate::dispatch::Performed;
use crate::{Context, Service, ServiceError, Work};
use imprint_api::{OperationDescription, operations};
use imprint_domain::{JobUuid, LongJobState, LongJobUuid};
use imprint_metadata::Metadata;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Between two looks at the row of a job that runs.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The work of jobs that run here.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningLongJobs(Arc<Mutex<HashMap<LongJobUuid, Work>>>);

impl RunningLongJobs {
    fn insert(&self, job: LongJobUuid, work: Work) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job, work);
    }

    fn remove(&self, job: LongJobUuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
    }

    /// Ends the work of a job that runs here.
    pub(crate) fn cancel(&self, job: LongJobUuid) {
        if let Some(work) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&job) {
            work.cancel();
        }
    }
}

/// A checked operation of a job.
pub(crate) struct Checked {
    pub(crate) operation: &'static OperationDescription,
    pub(crate) parameters: Map<String, Value>,
}

impl Service {
    /// What a job is to do: the operation that its name means, with parameters that a client could have sent.
    pub(crate) async fn check_long_job(
        &self,
        context: &Context,
        job_name: &str,
        job_data: &str,
    ) -> Result<Checked, ServiceError> {
        let invalid = |field, value: &str, reason: String| ServiceError::InvalidArgument {
            field,
            value: crate::arguments::shortened(value),
            reason,
        };
        let name = job_name.strip_prefix("API").and_then(|rest| rest.strip_suffix("Msg"));
        let operation = operations().iter().find(|operation| operation.long_job && Some(operation.name) == name);
        let operation = operation.ok_or_else(|| {
            let known: Vec<_> = operations().iter().filter(|it| it.long_job).map(|it| it.name).collect();
            let reason = format!("is not an API that can run as a long job; those are API…Msg of {}", known.join(", "));
            invalid("jobName", job_name, reason)
        })?;
        let data: Value = serde_json::from_str(job_data)
            .map_err(|error| invalid("jobData", job_data, format!("must be JSON: {error}")))?;
        let Value::Object(data) = data else {
            return Err(invalid("jobData", job_data, "must be a JSON object".to_owned()));
        };
        let parameters = context.dispatcher.0.check(operation, data, context.caller()?).await?;
        Ok(Checked { operation, parameters })
    }

    /// Runs a job whose row is there.
    pub(crate) fn run_long_job(&self, job: LongJobUuid, checked: Checked, context: Context, api_id: JobUuid) {
        let work = Work::default();
        self.running_long_jobs.insert(job, work.clone());
        let (dispatcher, caller) = (context.dispatcher.clone(), context.caller);
        // The result of a job is shown to whomever the job is shared with.
        let inner = Context { job: api_id, work: work.clone(), caller, kept: true, ..context };
        let (metadata, clock) = (self.metadata.clone(), Arc::clone(&self.clock));
        let running = self.running_long_jobs.clone();
        tokio::spawn(async move {
            let begun = clock.now();
            let performed = dispatcher.0.clone().perform(checked.operation, checked.parameters, inner);
            let performed = followed(performed, &metadata, job, &work).await;
            let (state, result) = ended(performed, &work);
            // At least one, as clients expect.
            let seconds = u64::try_from((clock.now().0 - begun.0) / 1000).unwrap_or(0).max(1);
            running.remove(job);
            finish(&metadata, job, state, &result, seconds).await;
        });
    }
}

/// Performs, and looks every now and then whether another server was asked to cancel it.
async fn followed(
    performed: crate::dispatch::BoxFuture<Performed>,
    metadata: &Metadata,
    job: LongJobUuid,
    work: &Work,
) -> Performed {
    let mut performed = performed;
    loop {
        tokio::select! {
            done = &mut performed => return done,
            () = tokio::time::sleep(LOOK_EVERY) => {
                let row = metadata.long_job(job).await.ok().flatten();
                if row.is_some_and(|row| row.state == LongJobState::Canceling) {
                    work.cancel();
                }
            }
        }
    }
}

/// The state and result that a job ends with. What was done before the wish to cancel it came through is done.
fn ended(performed: Performed, work: &Work) -> (LongJobState, String) {
    let Performed { succeeded, mut body } = performed;
    if succeeded {
        if let Value::Object(body) = &mut body {
            body.insert("success".to_owned(), true.into());
        }
        return (LongJobState::Succeeded, body.to_string());
    }
    let state = if work.is_cancelled() { LongJobState::Canceled } else { LongJobState::Failed };
    (state, body.get("error").unwrap_or(&body).to_string())
}

/// Writes a job's end; a database that is away for a moment must not leave it running for ever.
async fn finish(metadata: &Metadata, job: LongJobUuid, state: LongJobState, result: &str, seconds: u64) {
    for wait in [1, 5, 30, 120] {
        match metadata.finish_long_job(job, state, result, seconds).await {
            Ok(()) => return,
            Err(error) => {
                let reason = crate::error::chain(&error);
                tracing::warn!(%job, reason, "the end of a long job is not written yet");
                tokio::time::sleep(Duration::from_secs(wait)).await;
            }
        }
    }
    tracing::error!(%job, "the end of a long job was not written; it fails at the next start");
}
