//! What can be done with a volume.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{CapabilitiesReply, GetVolumeCapabilities};

impl Perform<GetVolumeCapabilities> for Service {
    async fn perform(&self, _: Context, _: GetVolumeCapabilities) -> Result<CapabilitiesReply, ServiceError> {
        // The names that clients know; volumes stay where they are.
        let capabilities = ["MigrationInCurrentPrimaryStorage", "MigrationToOtherPrimaryStorage"];
        Ok(CapabilitiesReply::new(capabilities.map(|name| (name.to_owned(), false)).into()))
    }
}
