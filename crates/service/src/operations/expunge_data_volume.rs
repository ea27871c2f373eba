//! Removing a deleted volume for good, and its file if it is ours. Its backups stay.

use crate::error::chain;
use crate::volume_files::{ChangeVolumeError, check_status};
use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{EmptyReply, ExpungeDataVolume};
use imprint_disk_format::{OpenBeneathError, RemoveBeneathError, remove_beneath};
use imprint_domain::{ResourceStatus, VolumeUuid};
use imprint_metadata::VolumeRow;

impl Perform<ExpungeDataVolume> for Service {
    async fn perform(&self, _: Context, operation: ExpungeDataVolume) -> Result<EmptyReply, ServiceError> {
        self.expunge_volume(operation.uuid).await?;
        Ok(EmptyReply {})
    }
}

impl Service {
    /// Marks the volume first: it cannot be recovered once its file may be gone, and a removal that is cut short is ended by
    /// the next start.
    pub(crate) async fn expunge_volume(&self, uuid: VolumeUuid) -> Result<(), ServiceError> {
        let marked = self.metadata.change_volume(uuid, |row, _| {
            if row.status != ResourceStatus::Deleting {
                check_status(row, ResourceStatus::Deleted)?;
            }
            row.status = ResourceStatus::Deleting;
            Ok::<(), ChangeVolumeError>(())
        });
        self.end_volume_removal(&marked.await?).await
    }

    /// Removes a volume that is marked.
    pub(crate) async fn end_volume_removal(&self, row: &VolumeRow) -> Result<(), ServiceError> {
        if row.owns_file
            && let Err(error) = self.remove_file(row).await
        {
            let uuid = row.uuid;
            let unmarked = self.metadata.change_volume(uuid, |row, _| {
                row.status = ResourceStatus::Deleted;
                Ok::<(), ChangeVolumeError>(())
            });
            unmarked.await?;
            return Err(error);
        }
        Ok(self.metadata.remove_volume(row.uuid).await?)
    }

    async fn remove_file(&self, row: &VolumeRow) -> Result<(), ServiceError> {
        let source = self.source_of(row).await?;
        let (volume, location) = (row.uuid.to_string(), source.file.clone());
        let removed = tokio::task::spawn_blocking(move || remove_beneath(&source.directory, &source.file)).await;
        match removed.map_err(|error| ServiceError::internal("remove a volume's file")(error.into()))? {
            // Its directory is gone as well.
            Ok(_) | Err(RemoveBeneathError::Open(OpenBeneathError::NotFound { .. })) => Ok(()),
            Err(RemoveBeneathError::InUse(_)) => Err(Refusal::VolumeInUse { volume, location }.into()),
            Err(error) => Err(Refusal::Source { volume, location, reason: chain(&error) }.into()),
        }
    }
}
