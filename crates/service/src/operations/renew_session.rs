//! Letting a session live longer.

use crate::arguments::gone;
use crate::session_cache::LIFETIME_SECONDS;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, RenewSession, SessionInventory};
use imprint_domain::SessionUuid;

impl Perform<RenewSession> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: RenewSession,
    ) -> Result<InventoryReply<SessionInventory>, ServiceError> {
        let session: SessionUuid = operation.session_uuid.parse().map_err(|_| ServiceError::SessionInvalid)?;
        let seconds = operation.duration.unwrap_or(LIFETIME_SECONDS);
        let expires = self.clock.now().plus_seconds(seconds);
        self.metadata.extend_session(session, expires).await?;
        // Looked up anew, with its new end.
        self.sessions.forget(session);
        let (row, _) = self.metadata.session(session).await?.ok_or_else(|| gone("sessionUuid", &session))?;
        Ok(InventoryReply { inventory: inventories::session(&row, &self.zone) })
    }
}
