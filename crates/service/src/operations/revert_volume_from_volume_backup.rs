//! Bringing a volume back to a backup of it.

use crate::volume_files::{StoredBackup, volume_refused};
use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{EmptyReply, RevertVolumeFromVolumeBackup};
use imprint_domain::{BackupStorageUuid, VolumeUuid};
use imprint_jobs::{RevertError, RevertRequest, Work};
use std::collections::HashMap;

impl Perform<RevertVolumeFromVolumeBackup> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: RevertVolumeFromVolumeBackup,
    ) -> Result<EmptyReply, ServiceError> {
        let backup = self.stored_backup("uuid", operation.uuid, operation.backup_storage_uuid).await?;
        self.revert(&context, vec![backup]).await?;
        Ok(EmptyReply {})
    }
}

impl Service {
    /// Brings the volumes of these backups back to them: all or none. The caller may name all of the backups, and must own
    /// their volumes.
    pub(crate) async fn revert(&self, context: &Context, backups: Vec<StoredBackup>) -> Result<(), ServiceError> {
        let caller = context.caller()?;
        for backup in &backups {
            let volume = self.usable_volume("volumeUuid", backup.row.volume).await?;
            if !caller.administrator && volume.account != caller.account {
                return Err(ServiceError::NotOwner { field: "volumeUuid", value: volume.uuid.to_string() });
            }
        }
        self.revert_volumes(backups, &context.work).await
    }

    /// Ends reverts that an earlier run has begun. What fails stays as it is, and can be asked for again.
    pub(crate) async fn resume_reverts(&self) {
        let orphaned = match self.metadata.orphaned_volumes().await {
            Ok(orphaned) => orphaned,
            Err(error) => return tracing::warn!(%error, "unfinished reverts could not be looked for"),
        };
        for volume in orphaned {
            let Some(revert) = volume.reverting else { continue };
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

    async fn revert_volumes(&self, backups: Vec<StoredBackup>, work: &Work) -> Result<(), ServiceError> {
        let mut requests = Vec::with_capacity(backups.len());
        let mut storages: HashMap<VolumeUuid, (String, BackupStorageUuid)> = HashMap::new();
        for StoredBackup { row, storage, content } in backups {
            let volume = self.volume("volumeUuid", row.volume).await?;
            let target = self.source_of(&volume).await?;
            storages.insert(volume.uuid, (target.file.clone(), storage));
            requests.push(RevertRequest { volume: volume.uuid, backup: row.uuid, storage, content, target });
        }
        let reverted = self.jobs.revert(requests, work).await;
        reverted.map(|_| ()).map_err(|error| {
            let (file, storage) = storages.remove(&error.volume).unzip();
            refused(error, &file.unwrap_or_default(), storage)
        })
    }
}

fn refused(error: RevertError, file: &str, storage: Option<BackupStorageUuid>) -> ServiceError {
    let RevertError { volume, begun, source } = error;
    let cause = volume_refused(source, volume, file, storage);
    if begun && !matches!(cause, ServiceError::Stopping) {
        return Refusal::RevertedInPart { volume, reason: crate::error::chain(&cause) }.into();
    }
    cause
}
