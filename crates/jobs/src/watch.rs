//! Watches over work that takes long: it ends early when the server stops, when its time is up, and when the lease that
//! it runs under is gone.

use crate::Jobs;
use imprint_domain::LeaseUuid;
use imprint_image_store::{Progress, WriteProgress};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often it is asked for whether a lease is still there.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Why work has to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The server is stopping.
    Stopping,
    /// It has taken as long as it may.
    TimedOut,
    /// Its lease is gone.
    LeaseGone,
}

/// Asked by work, often, whether it may go on.
pub(crate) struct Watch {
    jobs: Jobs,
    deadline: Option<Instant>,
    lease_gone: AtomicBool,
    failed: AtomicBool,
}

impl Watch {
    /// Over work that may take until then.
    pub(crate) fn new(jobs: Jobs, deadline: Option<Instant>) -> Self {
        Self { jobs, deadline, lease_gone: AtomicBool::new(false), failed: AtomicBool::new(false) }
    }

    /// Why the work has to end now, if it has.
    pub(crate) fn ending(&self) -> Option<Ending> {
        if self.jobs.is_stopping() {
            Some(Ending::Stopping)
        } else if self.lease_gone.load(Ordering::Acquire) {
            Some(Ending::LeaseGone)
        } else if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            Some(Ending::TimedOut)
        } else {
            None
        }
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
    fn advanced(&self, _: WriteProgress) {}

    fn is_cancelled(&self) -> bool {
        self.ending().is_some() || self.failed.load(Ordering::Acquire)
    }

    fn failed(&self) {
        self.failed.store(true, Ordering::Release);
    }
}

/// Waits for something for as long as there is time; `None` when it is up.
pub(crate) async fn until<T>(deadline: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline.into(), work).await.ok(),
        None => Some(work.await),
    }
}
