//! Watches over work that takes long: it ends early when the server stops, when it is cancelled, when its time is up, and
//! when the lease that it runs under is gone.

use crate::{Jobs, Work};
use imprint_domain::LeaseUuid;
use imprint_image_store::{Progress, WriteProgress};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often it is asked for whether a lease is still there.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often what waits asks whether it may go on.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Why work has to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// Somebody has cancelled it.
    #[error("the work was cancelled")]
    Cancelled,
    /// It has taken as long as it may.
    #[error("the work took longer than it may")]
    TimedOut,
    /// Its lease is gone: what it made was deleted, or nobody has renewed it.
    #[error("the work's lease is gone")]
    LeaseGone,
}

/// Asked by work, often, whether it may go on.
pub(crate) struct Watch {
    jobs: Jobs,
    work: Work,
    /// What the current step goes through, in whatever unit.
    total: u64,
    lease_gone: AtomicBool,
    failed: AtomicBool,
}

impl Watch {
    /// Over work whose current step goes through so many blocks, or bytes.
    pub(crate) fn new(jobs: Jobs, work: Work, total: u64) -> Self {
        Self { jobs, work, total, lease_gone: AtomicBool::new(false), failed: AtomicBool::new(false) }
    }

    /// Why the work has to end now, if it has.
    pub(crate) fn ending(&self) -> Option<Ending> {
        if self.jobs.is_stopping() {
            Some(Ending::Stopping)
        } else if self.work.is_cancelled() {
            Some(Ending::Cancelled)
        } else if self.lease_gone.load(Ordering::Acquire) {
            Some(Ending::LeaseGone)
        } else if self.work.is_late() {
            Some(Ending::TimedOut)
        } else {
            None
        }
    }

    /// Whether the server is stopping: the one reason that ends what must not be left half done.
    pub(crate) fn is_stopping(&self) -> bool {
        self.jobs.is_stopping()
    }

    /// Waits until the work has to end.
    pub(crate) async fn ended(&self) -> Ending {
        loop {
            if let Some(ending) = self.ending() {
                return ending;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// So much of the step is done.
    pub(crate) fn advance(&self, done: u64) {
        self.work.advance(done, self.total);
    }

    /// So much of the step is done, which is known only now to go through that much.
    pub(crate) fn advance_of(&self, done: u64, total: u64) {
        self.work.advance(done, total);
    }

    /// Notices when the lease is gone: whoever deletes what is being made takes it away, on this server or on another.
    pub(crate) async fn follow(self: Arc<Self>, lease: LeaseUuid) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.jobs.0.settings.metadata.has_lease(lease).await {
                Ok(true) => {}
                Ok(false) => return self.lease_gone.store(true, Ordering::Release),
                Err(error) => tracing::warn!(%error, %lease, "a lease could not be looked for"),
            }
        }
    }
}

impl Progress for Watch {
    fn advanced(&self, progress: WriteProgress) {
        self.advance(progress.blocks_done);
    }

    fn is_cancelled(&self) -> bool {
        self.ending().is_some() || self.failed.load(Ordering::Acquire)
    }

    fn failed(&self) {
        self.failed.store(true, Ordering::Release);
    }
}

/// Waits for something for as long as the work may go on.
pub(crate) async fn until<T>(work: &Work, waited_for: impl Future<Output = T>) -> Result<T, Ending> {
    let in_time = async {
        match work.deadline() {
            Some(deadline) => tokio::time::timeout_at(deadline.into(), waited_for).await.map_err(|_| Ending::TimedOut),
            None => Ok(waited_for.await),
        }
    };
    tokio::select! {
        biased;
        () = work.cancelled() => Err(Ending::Cancelled),
        done = in_time => done,
    }
}
