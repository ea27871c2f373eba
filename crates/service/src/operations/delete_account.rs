//! Deleting an account. What it owns at that moment, unfinished things among it, goes to the administrator; whatever its
//! running calls begin afterwards is refused.

use crate::service::administrator;
use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{DeleteAccount, EmptyReply};

impl Perform<DeleteAccount> for Service {
    async fn perform(&self, _: Context, operation: DeleteAccount) -> Result<EmptyReply, ServiceError> {
        if operation.uuid == administrator() {
            return Err(Refusal::AdministratorStays.into());
        }
        self.metadata.delete_account(operation.uuid, administrator()).await?;
        self.sessions.forget_account(operation.uuid);
        self.access_keys.forget_account(operation.uuid);
        Ok(EmptyReply {})
    }
}
