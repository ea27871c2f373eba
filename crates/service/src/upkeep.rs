//! What a running server does now and then: signs of life, expired sessions, old jobs, what was deleted and whose time
//! has come, and what a server which died was doing.

use crate::{DeletionPolicy, Service, ServiceError};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Between two signs of life, and two looks for servers that give none: several fit into the time that they may take.
const SIGN_EVERY: Duration = Duration::from_secs(10);

/// Between two rounds.
const PERIOD: Duration = Duration::from_mins(1);

/// Every so many of them things are tidied up.
const ROUNDS: u64 = 10;

/// Seconds that an ended job can be polled.
const JOB_SECONDS: i64 = 4 * 3600;

/// Starts the rounds, the measurements and the signs of life; they end with the service.
pub(crate) fn start(service: &Arc<Service>) {
    if service.jobs.is_shared() {
        // Apart from the rounds, which may take long.
        tokio::spawn(give_signs(Arc::downgrade(service)));
    }
    tokio::spawn(measure(Arc::downgrade(service)));
    let service = Arc::downgrade(service);
    tokio::spawn(async move {
        for nth in 0_u64.. {
            let Some(service) = service.upgrade() else { return };
            if nth.is_multiple_of(ROUNDS) {
                // It may take as long as a revert does.
                let resuming = Arc::clone(&service);
                tokio::spawn(async move { resuming.resume_volumes().await });
            }
            if let Err(error) = round(&service, nth).await {
                tracing::warn!(reason = crate::error::chain(&error), "upkeep failed; it is tried again later");
            }
            drop(service);
            tokio::time::sleep(PERIOD).await;
        }
    });
}

async fn give_signs(service: Weak<Service>) {
    while let Some(service) = service.upgrade() {
        let alive = service.note_alive().await;
        let done = match alive {
            Ok(()) => service.fail_lost_work().await,
            failed => failed,
        };
        if let Err(error) = done {
            tracing::warn!(reason = crate::error::chain(&error), "the sign of life failed; it is given again soon");
        }
        drop(service);
        tokio::time::sleep(SIGN_EVERY).await;
    }
}

/// Apart from the rounds: a large store takes long to measure.
async fn measure(service: Weak<Service>) {
    while let Some(service) = service.upgrade() {
        if let Err(error) = service.measure_storages().await {
            tracing::warn!(
                reason = crate::error::chain(&error),
                "the storages were not measured; it is tried again later"
            );
        }
        drop(service);
        tokio::time::sleep(PERIOD).await;
    }
}

async fn round(service: &Service, nth: u64) -> Result<(), ServiceError> {
    let now = service.clock.now();
    service.note_alive().await?;
    service.check_storages().await?;
    if !nth.is_multiple_of(ROUNDS) {
        return Ok(());
    }
    service.finish_deletions().await;
    service.metadata.sweep_sessions().await?;
    service.metadata.sweep_jobs(now.plus_seconds(-JOB_SECONDS)).await?;
    service.metadata.sweep_long_jobs(now.plus_seconds(-crate::long_jobs::KEPT_SECONDS)).await?;
    let before = now.plus_seconds(-service.deletion.expunge_seconds());
    if service.deletion.images == DeletionPolicy::Delay {
        for image in service.metadata.images_deleted_before(before).await? {
            // One whose storage takes no changes must not keep the others.
            if let Err(error) = service.expunge(image, None).await {
                tracing::warn!(%image, reason = crate::error::chain(&error), "a deleted image cannot be expunged yet");
            }
        }
    }
    if service.deletion.volumes == DeletionPolicy::Delay {
        for volume in service.metadata.volumes_deleted_before(before).await? {
            // One whose file is in use must not keep the others.
            if let Err(error) = service.expunge_volume(volume).await {
                tracing::warn!(%volume, reason = crate::error::chain(&error), "a deleted volume cannot be expunged yet");
            }
        }
    }
    Ok(())
}
