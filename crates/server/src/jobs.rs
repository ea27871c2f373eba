//! Calls that may outlive their request. Every call runs as a task of its own, to its end, even when its client has gone:
//!
//! | the request | answered | the job's record |
//! |---|---|---|
//! | neither names a job nor has a hook | 200 or 503 when the call ends within the wait, else 202 | made only for the 202 |
//! | names a job | 200 when it succeeds within the wait, else 202 | made before the work begins |
//! | has a hook | 202 | made before the work begins |
//!
//! A record is never left behind: the task that makes it also ends it. Operations that run inline have none and no 202.
//! Where records lie is told in [`crate::job_records`].

use crate::backend::Backend;
use crate::call::Outcome;
use crate::error_reply;
use crate::job_records::{JobRecords, Keep};
use crate::web_hook::{Hook, WebHooks};
use imprint_service::Place;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// What the client gets for its request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The call has ended.
    Ended(Outcome),
    /// It goes on as a job, or ended as one.
    Accepted,
    /// There is a job of the id that the client chose.
    Duplicate,
}

/// How a call is answered.
#[derive(Debug)]
pub(crate) enum Mode {
    /// When it ends, whenever that is.
    Inline,
    /// When it ends, or as a job once it has lasted so long.
    Wait,
    /// The same, but as a job from the start, for the client named it.
    Named,
    /// As a job, whose end is told to a hook.
    Hooked(Hook),
}

/// A call to run.
#[derive(Debug)]
pub(crate) struct Running<B> {
    /// Notes how the job stands.
    pub(crate) records: Arc<JobRecords<B>>,
    /// Where it does so.
    pub(crate) keep: Keep,
    /// Tells hooks.
    pub(crate) hooks: Arc<WebHooks>,
    /// The call's id.
    pub(crate) job: String,
    /// The operation's name.
    pub(crate) operation: &'static str,
    /// How it is answered.
    pub(crate) mode: Mode,
    /// How long a client waits before the call becomes a job.
    pub(crate) sync_wait: Duration,
    /// Its place among the calls that may run at once.
    pub(crate) place: Place,
}

impl<B: Backend> Running<B> {
    /// Starts the work and waits for what the client gets.
    pub(crate) async fn start(self, work: impl Future<Output = Outcome> + Send + 'static) -> Answer {
        let job = self.job.clone();
        let (sender, answer) = oneshot::channel();
        tokio::spawn(self.run(work, sender));
        answer.await.unwrap_or_else(|_| Answer::Ended(Outcome::failed(&error_reply::panicked(&job))))
    }

    async fn run(self, work: impl Future<Output = Outcome> + Send, answer: oneshot::Sender<Answer>) {
        // A client that has gone does not read its answer, hence the ignored results of `send`.
        let mut work = pin!(work);
        match &self.mode {
            Mode::Inline => {
                let _ = answer.send(Answer::Ended(work.await));
                return;
            }
            Mode::Wait => {
                if let Ok(outcome) = tokio::time::timeout(self.sync_wait, &mut work).await {
                    let _ = answer.send(Answer::Ended(outcome));
                    return;
                }
                if let Err(refused) = self.begin().await {
                    let _ = answer.send(refused);
                    work.await;
                    return;
                }
            }
            Mode::Named => {
                if let Err(refused) = self.begin().await {
                    let _ = answer.send(refused);
                    return;
                }
                if let Ok(outcome) = tokio::time::timeout(self.sync_wait, &mut work).await {
                    self.end(&outcome).await;
                    // The error's code is read from a poll only, so that a failure is a job too.
                    let _ = answer.send(if outcome.succeeded { Answer::Ended(outcome) } else { Answer::Accepted });
                    return;
                }
            }
            Mode::Hooked(_) => {
                if let Err(refused) = self.begin().await {
                    let _ = answer.send(refused);
                    return;
                }
            }
        }
        let _ = answer.send(Answer::Accepted);
        let outcome = work.await;
        self.end(&outcome).await;
        let Self { hooks, job, mode, place, .. } = self;
        drop(place);
        if let Mode::Hooked(hook) = mode {
            hooks.tell(hook, job, &outcome);
        }
    }

    async fn begin(&self) -> Result<(), Answer> {
        match self.records.begin(&self.job, self.operation, self.keep).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Answer::Duplicate),
            Err(error) => Err(Answer::Ended(Outcome::failed(&error_reply::error_code(&error, &self.job)))),
        }
    }

    async fn end(&self, outcome: &Outcome) {
        self.records.end(&self.job, self.operation, self.keep, outcome).await;
    }
}
