//! Sharing resources: others may use them, and not change them.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{EmptyReply, ShareResource};
use imprint_metadata::Receivers;

impl Perform<ShareResource> for Service {
    async fn perform(&self, _: Context, operation: ShareResource) -> Result<EmptyReply, ServiceError> {
        let with = Receivers { accounts: operation.account_uuids, public: operation.to_public };
        if with == Receivers::default() {
            let reason = "name accounts, or set toPublic".to_owned();
            return Err(ServiceError::InvalidArgument { field: "accountUuids", value: "null".to_owned(), reason });
        }
        let resources = operation.resource_uuids.iter().map(ToString::to_string).collect();
        self.metadata.share(resources, with).await?;
        Ok(EmptyReply {})
    }
}
