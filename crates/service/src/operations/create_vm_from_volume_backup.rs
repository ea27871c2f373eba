//! Why no virtual machine is made of a backup.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{CreateVmFromVolumeBackup, EmptyReply, Operation};

impl Perform<CreateVmFromVolumeBackup> for Service {
    async fn perform(&self, _: Context, _: CreateVmFromVolumeBackup) -> Result<EmptyReply, ServiceError> {
        Err(ServiceError::NotSupported { what: CreateVmFromVolumeBackup::NEVER.unwrap_or_default() })
    }
}
