//! Formats of volumes.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{GetVolumeFormat, VolumeFormat, VolumeFormatsReply};

impl Perform<GetVolumeFormat> for Service {
    async fn perform(&self, _: Context, _: GetVolumeFormat) -> Result<VolumeFormatsReply, ServiceError> {
        let formats = ["qcow2", "raw"].map(|format| VolumeFormat {
            format: format.to_owned(),
            master_hypervisor_type: "KVM".to_owned(),
            supporting_hypervisor_types: vec!["KVM".to_owned()],
        });
        Ok(VolumeFormatsReply::new(formats.into()))
    }
}
