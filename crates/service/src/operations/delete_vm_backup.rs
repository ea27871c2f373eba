//! Deleting the backup of a virtual machine: all backups of the group.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{DeleteVmBackup, EmptyReply};
use std::collections::BTreeSet;

impl Perform<DeleteVmBackup> for Service {
    async fn perform(&self, context: Context, operation: DeleteVmBackup) -> Result<EmptyReply, ServiceError> {
        let backups = self.backups_of_group(&context, &operation.group_uuid).await?;
        for backup in &backups {
            self.refuse_needed_backup(backup.uuid).await?;
            self.refuse_untold_backup(backup.uuid, operation.backup_storage_uuids.as_deref()).await?;
        }
        let mut storages = BTreeSet::new();
        for backup in &backups {
            let named = operation.backup_storage_uuids.clone();
            storages.extend(self.metadata.begin_backup_deletion(backup.uuid, named).await?);
        }
        // The tombstones are in the stores before the rows are gone.
        for storage in storages {
            self.jobs.publish(storage).await?;
        }
        for backup in &backups {
            self.metadata.end_backup_deletion(backup.uuid).await?;
        }
        Ok(EmptyReply {})
    }
}
