//! Ending the sharing of resources.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{EmptyReply, RevokeResourceSharing};
use imprint_metadata::Receivers;

impl Perform<RevokeResourceSharing> for Service {
    async fn perform(&self, context: Context, operation: RevokeResourceSharing) -> Result<EmptyReply, ServiceError> {
        let with = Receivers { accounts: operation.account_uuids, public: operation.to_public };
        if with == Receivers::default() && !operation.all {
            let reason = "name accounts, or set toPublic or all".to_owned();
            return Err(ServiceError::InvalidArgument { field: "accountUuids", value: "null".to_owned(), reason });
        }
        let resources = operation.resource_uuids.iter().map(ToString::to_string).collect();
        let caller = context.caller()?;
        let by = (!caller.administrator).then_some(caller.account);
        self.metadata.revoke_sharing(resources, (!operation.all).then_some(with), by).await?;
        Ok(EmptyReply {})
    }
}
