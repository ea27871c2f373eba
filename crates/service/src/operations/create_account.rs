//! Making an account.

use crate::arguments::{new_tags, shortened};
use crate::{Context, Perform, Service, ServiceError, inventories, password, system_tags};
use imprint_api::{AccountInventory, CreateAccount, InventoryReply, ResourceKind};
use imprint_domain::AccountUuid;
use imprint_metadata::{AccountRow, CreateError};

impl Perform<CreateAccount> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: CreateAccount,
    ) -> Result<InventoryReply<AccountInventory>, ServiceError> {
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), AccountUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::Account, &operation.system_tags)?;
        let now = self.clock.now();
        let row = AccountRow {
            uuid,
            name: operation.name,
            description: operation.description,
            kind: operation.kind.unwrap_or_else(|| "Normal".to_owned()),
            password_hash: password::hash_apart(operation.password).await?,
            created: now,
            changed: now,
        };
        let tags = new_tags(system_tags, operation.user_tags, operation.tag_uuids);
        self.metadata.create_account(row.clone(), tags).await.map_err(|error| match error {
            CreateError::NameTaken => name_taken(&row.name),
            other => ServiceError::from_create(other, &uuid),
        })?;
        Ok(InventoryReply { inventory: inventories::account(row, &self.zone) })
    }
}

/// Another account has that name.
pub(super) fn name_taken(name: &str) -> ServiceError {
    let reason = "another account has that name".to_owned();
    ServiceError::InvalidArgument { field: "name", value: shortened(name), reason }
}
