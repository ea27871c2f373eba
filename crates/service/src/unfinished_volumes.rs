//! Volumes that were being made or reverted by a server that died: what is half made is taken back, what is half reverted is
//! reverted again.

use crate::{Service, ServiceError};
use imprint_domain::ResourceStatus;
use imprint_jobs::Work;
use imprint_metadata::{VolumeRevert, VolumeRow};

impl Service {
    /// Does both, as far as it can be done now; what fails stays as it is.
    pub(crate) async fn resume_volumes(&self) {
        if let Err(error) = self.take_unfinished_volumes_back().await {
            let reason = crate::error::chain(&error);
            tracing::warn!(reason, "volumes that were being made could not be taken back yet");
        }
        match self.metadata.orphaned_volumes().await {
            Err(error) => tracing::warn!(%error, "unfinished reverts could not be looked for"),
            Ok(orphaned) => {
                for volume in orphaned {
                    if let Some(revert) = volume.reverting {
                        self.resume_revert(&volume, revert).await;
                    }
                }
            }
        }
    }

    /// Removes files and rows of volumes that nobody makes any more.
    pub(crate) async fn take_unfinished_volumes_back(&self) -> Result<(), ServiceError> {
        for volume in self.metadata.orphaned_volumes().await? {
            if volume.status == ResourceStatus::Creating {
                self.jobs.take_volume_back(volume.uuid, self.source_of(&volume).await?).await;
            }
        }
        Ok(())
    }

    async fn resume_revert(&self, volume: &VolumeRow, revert: VolumeRevert) {
        let resumed = match self.stored_backup("uuid", revert.backup, Some(revert.storage)).await {
            Ok(backup) => self.revert_volumes(vec![backup], &Work::default()).await,
            Err(error) => Err(error),
        };
        match resumed {
            Ok(()) => {
                tracing::info!(volume = %volume.uuid, backup = %revert.backup, "an unfinished revert was ended");
            }
            Err(error) => {
                let reason = crate::error::chain(&error);
                tracing::error!(volume = %volume.uuid, backup = %revert.backup, reason, "an unfinished revert failed");
            }
        }
    }
}
