//! What a running server does now and then: expired sessions, old jobs, and deleted images whose time has come.

use crate::{Service, ServiceError};
use std::sync::Weak;
use std::time::Duration;

/// Between two rounds.
const PERIOD: Duration = Duration::from_mins(10);

/// Seconds that an ended job can be polled.
const JOB_SECONDS: i64 = 4 * 3600;

/// Seconds that a deleted image can be recovered.
const EXPUNGE_SECONDS: i64 = 259_200;

/// Starts the rounds; they end with the service.
pub(crate) fn start(service: Weak<Service>) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(PERIOD).await;
            let Some(service) = service.upgrade() else { return };
            if let Err(error) = round(&service).await {
                tracing::warn!(reason = crate::error::chain(&error), "upkeep failed; it is tried again later");
            }
        }
    });
}

async fn round(service: &Service) -> Result<(), ServiceError> {
    let now = service.clock.now();
    service.metadata.sweep_sessions().await?;
    service.metadata.sweep_jobs(now.plus_seconds(-JOB_SECONDS)).await?;
    for image in service.metadata.images_deleted_before(now.plus_seconds(-EXPUNGE_SECONDS)).await? {
        service.expunge(image, None).await?;
    }
    Ok(())
}
