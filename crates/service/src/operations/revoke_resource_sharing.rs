//! Ending the sharing of resources.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{EmptyReply, RevokeResourceSharing};
use imprint_metadata::Receivers;

impl Perform<RevokeResourceSharing> for Service {
    async fn perform(&self, context: Context, operation: RevokeResourceSharing) -> Result<EmptyReply, ServiceError> {
        let with = Receivers { accounts: operation.account_uuids, public: operation.to_public };
        let resources = operation.resource_uuids.iter().map(ToString::to_string).collect();
        let caller = context.caller()?;
        let by = (!caller.administrator).then_some(caller.account);
        self.metadata.revoke_sharing(resources, (!operation.all).then_some(with), by).await?;
        Ok(EmptyReply {})
    }
}
