//! Why no virtual machine is made of a backup.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{CreateVmFromVolumeBackup, EmptyReply};

impl Perform<CreateVmFromVolumeBackup> for Service {
    async fn perform(&self, _: Context, _: CreateVmFromVolumeBackup) -> Result<EmptyReply, ServiceError> {
        Err(ServiceError::NotSupported {
            what: "this server runs no virtual machines; make a volume of the backup by \
                   CreateDataVolumeFromVolumeBackup instead, and start a machine with it where machines run",
        })
    }
}
