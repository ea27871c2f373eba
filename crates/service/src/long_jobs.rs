//! Long jobs: operations that run apart from the call that submitted them, and whose state and result are kept.
//!
//! The server that a job was submitted to runs it. Another one that shares the database cancels it by its row, which the
//! running one looks at every [`LOOK_EVERY`].

use crate::dispatch::Performed;
use crate::{Caller, Context, Place, Service, ServiceError, Work};
use imprint_api::{OperationDescription, operations};
use imprint_domain::{JobUuid, LongJobState, LongJobUuid};
use imprint_metadata::{LongJobRun, Metadata};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two looks at the row of a job that runs.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Seconds that an ended job is kept after it was last changed.
pub(crate) const KEPT_SECONDS: i64 = 30 * 24 * 3600;

/// The work of runs that are done here, by the ids of the calls that began them. Each has a place among the calls that may
/// run at once, so that there are no more of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningLongJobs(Arc<Mutex<HashMap<JobUuid, (LongJobUuid, Work)>>>);

impl RunningLongJobs {
    fn runs(&self) -> MutexGuard<'_, HashMap<JobUuid, (LongJobUuid, Work)>> {
        // A panic while the map was locked leaves at worst a missing entry.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the work of a job that runs here.
    pub(crate) fn cancel(&self, job: LongJobUuid) {
        for (_, work) in self.runs().values().filter(|(of, _)| *of == job) {
            work.cancel();
        }
    }
}

/// A checked operation of a job.
pub(crate) struct Checked {
    pub(crate) operation: &'static OperationDescription,
    pub(crate) parameters: Map<String, Value>,
    /// On whose behalf: it was found that this caller may.
    pub(crate) caller: Caller,
    /// Where it will run.
    pub(crate) place: Place,
}

impl Service {
    /// What a job is to do: the operation that its name means, with parameters that this caller could have sent.
    pub(crate) async fn check_long_job(
        &self,
        context: &Context,
        caller: Caller,
        (job_name, job_data): (&str, &str),
    ) -> Result<Checked, ServiceError> {
        let invalid = |field, value: &str, reason: String| ServiceError::InvalidArgument {
            field,
            value: crate::arguments::shortened(value),
            reason,
        };
        let operation = OperationDescription::of_job(job_name).filter(|operation| operation.long_job);
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
        let parameters = context.dispatcher.0.check(operation, data, caller).await?;
        Ok(Checked { operation, parameters, caller, place: context.dispatcher.0.place()? })
    }

    /// Runs a job whose row names this run.
    pub(crate) fn run_long_job(&self, job: LongJobUuid, checked: Checked, context: Context) {
        let (work, id) = (Work::default(), context.job);
        self.running_long_jobs.runs().insert(id, (job, work.clone()));
        let Checked { operation, parameters, caller, place } = checked;
        let dispatcher = context.dispatcher.clone();
        // The result of a job is shown to whomever the job is shared with.
        let inner = Context { work: work.clone(), caller: Some(caller), kept: true, ..context };
        let (metadata, clock) = (self.metadata.clone(), Arc::clone(&self.clock));
        let running = self.running_long_jobs.clone();
        let run = self.long_job_run(job, id);
        tokio::spawn(async move {
            let begun = clock.now();
            let performed = dispatcher.0.clone().perform(operation, parameters, inner);
            let performed = followed(performed, &metadata, &run, &work).await;
            let (state, result) = ended(performed, &work);
            // At least one, as clients expect.
            let seconds = u64::try_from((clock.now().0 - begun.0) / 1000).unwrap_or(0).max(1);
            running.runs().remove(&id);
            finish(&metadata, &run, state, &result, seconds).await;
            drop(place);
        });
    }

    /// The run of a job here that a call begins.
    pub(crate) fn long_job_run(&self, job: LongJobUuid, call: JobUuid) -> LongJobRun {
        LongJobRun { job, api_id: call.to_string(), node: self.node.clone() }
    }
}

/// Performs, and looks every now and then whether another server was asked to cancel it, or has taken this one for gone:
/// what is done then is nobody's any more.
async fn followed(
    performed: crate::dispatch::BoxFuture<Performed>,
    metadata: &Metadata,
    run: &LongJobRun,
    work: &Work,
) -> Performed {
    let mut performed = performed;
    loop {
        tokio::select! {
            done = &mut performed => return done,
            () = tokio::time::sleep(LOOK_EVERY) => {
                let state = metadata.long_job_run_state(run).await;
                if matches!(state, Ok(Some(LongJobState::Canceling) | None)) {
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
async fn finish(metadata: &Metadata, run: &LongJobRun, state: LongJobState, result: &str, seconds: u64) {
    let job = run.job;
    for wait in [1, 5, 30, 120] {
        match metadata.finish_long_job(run, state, result, seconds).await {
            Ok(true) => return,
            Ok(false) => {
                tracing::warn!(%job, "a run of a long job has ended that was taken for lost");
                return;
            }
            Err(error) => {
                let reason = crate::error::chain(&error);
                tracing::warn!(%job, reason, "the end of a long job is not written yet");
                tokio::time::sleep(Duration::from_secs(wait)).await;
            }
        }
    }
    tracing::error!(%job, "the end of a long job was not written; it fails at the next start");
}
