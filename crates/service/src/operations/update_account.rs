//! Changing an account.

use super::create_account::name_taken;
use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError, inventories, password};
use imprint_api::{AccountInventory, InventoryReply, UpdateAccount};
use imprint_metadata::{AccountChanges, ChangeAccountError};

impl Perform<UpdateAccount> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: UpdateAccount,
    ) -> Result<InventoryReply<AccountInventory>, ServiceError> {
        let uuid = operation.uuid;
        let row = self.metadata.account(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        if let Some(old) = operation.old_password
            && !self.is_password(context.client, &row.name, old, row.password_hash).await?
        {
            return Err(ServiceError::WrongPassword);
        }
        let password_hash = match operation.password {
            Some(password) => Some(password::hash_apart(password).await?),
            None => None,
        };
        let ends_sessions = password_hash.is_some();
        let changes = AccountChanges { name: operation.name, description: operation.description, password_hash };
        let name = changes.name.clone().unwrap_or_default();
        let row = self.metadata.update_account(uuid, changes).await.map_err(|error| match error {
            ChangeAccountError::Gone => gone("uuid", &uuid),
            ChangeAccountError::NameTaken => name_taken(&name),
            ChangeAccountError::Metadata(error) => error.into(),
        })?;
        if ends_sessions {
            self.sessions.forget_account(uuid);
        }
        Ok(InventoryReply { inventory: inventories::account(row, &self.zone) })
    }
}
