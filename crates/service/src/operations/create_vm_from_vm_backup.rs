//! Why no virtual machine is made of a backup.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{CreateVmFromVmBackup, EmptyReply, Operation};

impl Perform<CreateVmFromVmBackup> for Service {
    async fn perform(&self, context: Context, operation: CreateVmFromVmBackup) -> Result<EmptyReply, ServiceError> {
        self.existing_group(&context, &operation.group_uuid).await?;
        Err(ServiceError::NotSupported { what: CreateVmFromVmBackup::NEVER.unwrap_or_default() })
    }
}
