//! Giving a resource to another account.

use crate::arguments::gone;
use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{AccountResourceRefInventory, ChangeResourceOwner, InventoryReply};
use imprint_metadata::ShareError;

impl Perform<ChangeResourceOwner> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: ChangeResourceOwner,
    ) -> Result<InventoryReply<AccountResourceRefInventory>, ServiceError> {
        let resource = operation.resource_uuid.to_string();
        let given = self.metadata.change_owner(&resource, operation.account_uuid).await;
        let (kind, when) = given.map_err(|error| match error {
            ShareError::NoOwner(resource) | ShareError::NotOwner(resource) => Refusal::NoOwner { resource }.into(),
            ShareError::AccountGone(account) => gone("accountUuid", &account),
            ShareError::Metadata(error) => error.into(),
        })?;
        let when = self.zone.format(when);
        Ok(InventoryReply {
            inventory: AccountResourceRefInventory {
                account_uuid: operation.account_uuid.to_string(),
                resource_uuid: resource,
                resource_type: kind.as_str().to_owned(),
                concrete_resource_type: None,
                create_date: when.clone(),
                last_op_date: when,
            },
        })
    }
}
