//! What runs beside the calls of clients: renewing leases, publishing catalogs, computing digests.

use crate::Jobs;
use crate::jobs::LEASE_SECONDS;
use std::time::Duration;

/// Between two renewals; several fit into a lease's life.
const RENEW_EVERY: Duration = Duration::from_mins(2);

/// Records of images wait so long at most, so that one object holds many of them.
const PUBLISH_EVERY: Duration = Duration::from_millis(500);

/// Between two looks for uploads that nobody continues.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Before the next try after a digest failed.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Starts the loops; they end when the jobs stop.
pub(crate) fn start(jobs: &Jobs) {
    tokio::spawn(until_stopped(jobs.clone(), renew(jobs.clone())));
    tokio::spawn(until_stopped(jobs.clone(), publish(jobs.clone())));
    tokio::spawn(until_stopped(jobs.clone(), sweep_uploads(jobs.clone())));
    if jobs.0.settings.automatic_digests {
        tokio::spawn(until_stopped(jobs.clone(), digest(jobs.clone())));
    }
}

async fn until_stopped(jobs: Jobs, work: impl Future<Output = ()>) {
    let stopped = jobs.0.stopped.notified();
    if !jobs.is_stopping() {
        tokio::select! {
            () = stopped => {}
            () = work => {}
        }
    }
}

async fn renew(jobs: Jobs) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        let settings = &jobs.0.settings;
        let expires = settings.clock.now().plus_seconds(LEASE_SECONDS);
        if let Err(error) = settings.metadata.renew_leases(&settings.node, expires).await {
            tracing::warn!(%error, "leases could not be renewed");
        }
    }
}

async fn sweep_uploads(jobs: Jobs) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        jobs.sweep_uploads().await;
    }
}

async fn publish(jobs: Jobs) {
    loop {
        tokio::time::sleep(PUBLISH_EVERY).await;
        for storage in jobs.0.stores.connected() {
            match jobs.0.settings.metadata.outbox_waits(storage).await {
                Ok(false) => {}
                Ok(true) => {
                    if let Err(error) = jobs.publish(storage).await {
                        tracing::warn!(%error, %storage, "a catalog could not be published; it is tried again");
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                }
                Err(error) => tracing::warn!(%error, "the outbox could not be read"),
            }
        }
    }
}

async fn digest(jobs: Jobs) {
    let metadata = jobs.0.settings.metadata.clone();
    loop {
        match metadata.next_undigested().await {
            Ok(None) => jobs.0.image_made.notified().await,
            Ok(Some(next)) => {
                if let Err(error) = jobs.digest_idly(next.storage, next.root, next.format).await {
                    // It would fail again: the image keeps saying that its MD5 is not calculated.
                    tracing::warn!(%error, image = %next.image, "an image's digests could not be computed");
                    if metadata.skip_digest(next.root).await.is_err() {
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "images without digests could not be looked for");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}
