//! The protocol's version.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{GetVersion, VersionReply};

/// The level of the protocol that is spoken; Imprint's own version is in the `Server` header.
const PROTOCOL: &str = "5.2.0";

impl Perform<GetVersion> for Service {
    async fn perform(&self, _: Context, _: GetVersion) -> Result<VersionReply, ServiceError> {
        Ok(VersionReply { version: PROTOCOL.to_owned() })
    }
}
