//! Bringing the volumes of a virtual machine back to a backup of it.

use crate::arguments::shortened;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{EmptyReply, RevertVmFromVmBackup};
use imprint_domain::BackupGroupUuid;
use imprint_metadata::VolumeBackupRow;

impl Perform<RevertVmFromVmBackup> for Service {
    async fn perform(&self, context: Context, operation: RevertVmFromVmBackup) -> Result<EmptyReply, ServiceError> {
        let group = self.existing_group(&context, &operation.group_uuid).await?;
        let mut backups = Vec::with_capacity(group.len());
        for backup in group {
            backups.push(self.stored_backup("groupUuid", backup.uuid, operation.backup_storage_uuid).await?);
        }
        self.revert(&context, backups).await?;
        Ok(EmptyReply {})
    }
}

impl Service {
    /// The backups of a group, all of which the caller must own; none when there is no such group.
    pub(crate) async fn backups_of_group(
        &self,
        context: &Context,
        group: &str,
    ) -> Result<Vec<VolumeBackupRow>, ServiceError> {
        let caller = context.caller()?;
        let uuid: BackupGroupUuid = group.parse().map_err(|_| ServiceError::InvalidArgument {
            field: "groupUuid",
            value: shortened(group),
            reason: "it must be 32 lower-case hex digits of a version 1 to 5 UUID".to_owned(),
        })?;
        let backups = self.metadata.backups_of_group(uuid).await?;
        if !caller.administrator && backups.iter().any(|backup| backup.account != caller.account) {
            return Err(ServiceError::NotOwner { field: "groupUuid", value: group.to_owned() });
        }
        Ok(backups)
    }

    /// The same of a group that must exist.
    pub(crate) async fn existing_group(
        &self,
        context: &Context,
        group: &str,
    ) -> Result<Vec<VolumeBackupRow>, ServiceError> {
        let backups = self.backups_of_group(context, group).await?;
        if backups.is_empty() {
            let (field, resource) = ("groupUuid".to_owned(), "VmBackupVO");
            return Err(ServiceError::NotFound { field, resource, value: group.to_owned() });
        }
        Ok(backups)
    }
}
