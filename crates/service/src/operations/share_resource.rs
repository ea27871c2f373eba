//! Sharing resources: others may use them, and not change them.

use crate::arguments::gone;
use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{EmptyReply, ShareResource};
use imprint_metadata::{Receivers, ShareError};

/// Shares that one call makes at most: a second of the one writer's time.
const MOST_SHARES: usize = 10_000;

impl Perform<ShareResource> for Service {
    async fn perform(&self, context: Context, operation: ShareResource) -> Result<EmptyReply, ServiceError> {
        let with = Receivers { accounts: operation.account_uuids, public: operation.to_public };
        if with == Receivers::default() {
            let reason = "name accounts, or set toPublic".to_owned();
            return Err(ServiceError::InvalidArgument { field: "accountUuids", value: "null".to_owned(), reason });
        }
        let shares = operation.resource_uuids.len().saturating_mul(with.accounts.len() + usize::from(with.public));
        if shares > MOST_SHARES {
            let reason = format!(
                "{shares} shares would be made at once, there may be {MOST_SHARES}: name fewer resources or accounts"
            );
            let value = format!("{} resources", operation.resource_uuids.len());
            return Err(ServiceError::InvalidArgument { field: "resourceUuids", value, reason });
        }
        let resources = operation.resource_uuids.iter().map(ToString::to_string).collect();
        let caller = context.caller()?;
        // That the caller owns them was found before: it must still hold.
        let by = (!caller.administrator).then_some(caller.account);
        self.metadata.share(resources, with, by).await.map_err(|error| match error {
            ShareError::NoOwner(resource) => Refusal::NotShareable { resource }.into(),
            ShareError::NotOwner(value) => ServiceError::NotOwner { field: "resourceUuids", value },
            ShareError::AccountGone(account) => gone("accountUuids", &account),
            ShareError::Metadata(error) => error.into(),
        })?;
        Ok(EmptyReply {})
    }
}
