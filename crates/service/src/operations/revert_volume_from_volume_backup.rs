//! Bringing a volume back to a backup of it.

use crate::volume_files::{StoredBackup, refuse_reverting, volume_refused};
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

    pub(crate) async fn revert_volumes(&self, backups: Vec<StoredBackup>, work: &Work) -> Result<(), ServiceError> {
        let mut requests = Vec::with_capacity(backups.len());
        let mut storages: HashMap<VolumeUuid, (String, BackupStorageUuid)> = HashMap::new();
        for StoredBackup { row, storage, content } in backups {
            let volume = self.volume("volumeUuid", row.volume).await?;
            let target = self.source_of(&volume).await?;
            storages.insert(volume.uuid, (target.file.clone(), storage));
            requests.push(RevertRequest { volume: volume.uuid, backup: row.uuid, storage, content, target });
        }
        let Err(error) = self.jobs.revert(requests, work).await else { return Ok(()) };
        let volume = error.volume;
        let (file, storage) = storages.remove(&volume).unzip();
        let cause = refused(error, &file.unwrap_or_default(), storage);
        if matches!(cause, ServiceError::Refused(Refusal::VolumeInUse { .. })) {
            // Most likely another revert of it.
            refuse_reverting(&self.volume("volumeUuid", volume).await?)?;
        }
        Err(cause)
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
