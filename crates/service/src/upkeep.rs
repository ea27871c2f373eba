//! What a running server does now and then: expired sessions, old jobs, what was deleted and whose time
//! has come, and volumes that a server which died was making or reverting.

use crate::{DeletionPolicy, Service, ServiceError};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Between two signs of life.
const PERIOD: Duration = Duration::from_mins(1);

/// Every so many of them things are tidied up.
const ROUNDS: u64 = 10;

/// Seconds that an ended job can be polled.
const JOB_SECONDS: i64 = 4 * 3600;

/// Starts the rounds; they end with the service.
pub(crate) fn start(service: Weak<Service>) {
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

async fn round(service: &Service, nth: u64) -> Result<(), ServiceError> {
    let now = service.clock.now();
    service.metadata.note_management_node(service.node_uuid, &service.host_name).await?;
    service.check_storages().await?;
    service.measure_storages().await?;
    if !nth.is_multiple_of(ROUNDS) {
        return Ok(());
    }
    service.metadata.sweep_sessions().await?;
    service.metadata.sweep_jobs(now.plus_seconds(-JOB_SECONDS)).await?;
    let before = now.plus_seconds(-service.deletion.expunge_seconds());
    if service.deletion.images == DeletionPolicy::Delay {
        for image in service.metadata.images_deleted_before(before).await? {
            service.expunge(image, None).await?;
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
