//! Deleting a volume; it can be recovered until it is expunged, unless the settings say that it is at once.

use crate::volume_files::{ChangeVolumeError, check_status};
use crate::{Context, DeletionPolicy, Perform, Service, ServiceError};
use imprint_api::{DeleteDataVolume, EmptyReply};
use imprint_domain::ResourceStatus;

impl Perform<DeleteDataVolume> for Service {
    async fn perform(&self, _: Context, operation: DeleteDataVolume) -> Result<EmptyReply, ServiceError> {
        let changed = self.metadata.change_volume(operation.uuid, |row, now| {
            // Deleting it again must not make it younger.
            if row.status == ResourceStatus::Deleted {
                return Ok::<(), ChangeVolumeError>(());
            }
            check_status(row, ResourceStatus::Ready)?;
            if row.vm_instance_uuid.is_some() {
                row.detach(now);
            }
            row.status = ResourceStatus::Deleted;
            row.deleted = Some(now);
            Ok(())
        });
        match changed.await {
            // Somebody else was faster.
            Err(ChangeVolumeError::Gone(_)) => return Ok(EmptyReply {}),
            changed => _ = changed?,
        }
        if self.deletion.volumes == DeletionPolicy::Direct {
            match self.expunge_volume(operation.uuid).await {
                Err(ServiceError::NotFound { .. }) => {}
                expunged => expunged?,
            }
        }
        Ok(EmptyReply {})
    }
}
