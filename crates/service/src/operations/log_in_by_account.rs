//! Logging in.

use crate::session_cache::LIFETIME_SECONDS;
use crate::{Caller, Context, Perform, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, LogInByAccount, SessionInventory};
use imprint_domain::SessionUuid;
use imprint_metadata::{CreateSessionError, SessionRow};

/// Living sessions that an account may have.
const MAX_SESSIONS: u64 = 500;

impl Perform<LogInByAccount> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: LogInByAccount,
    ) -> Result<InventoryReply<SessionInventory>, ServiceError> {
        let (client, name) = (context.client, &operation.account_name);
        let account = self.metadata.account_by_name(name).await?;
        // An unknown name costs as much as a wrong password, so that names cannot be found out by the clock.
        let hash = account.as_ref().map_or_else(|| self.decoy_hash.clone(), |row| row.password_hash.clone());
        let right = self.is_password(client, name, operation.password, hash).await?;
        let account = account.filter(|_| right).ok_or(ServiceError::WrongPassword)?;
        let now = self.clock.now();
        let session = SessionRow {
            uuid: SessionUuid::random(),
            account: account.uuid,
            administrator: account.is_administrator(),
            created: now,
            expires: now.plus_seconds(LIFETIME_SECONDS),
        };
        self.metadata.create_session(session, account.password_hash, MAX_SESSIONS).await.map_err(
            |error| match error {
                CreateSessionError::PasswordChanged => ServiceError::WrongPassword,
                CreateSessionError::TooMany { limit } => ServiceError::TooManySessions { limit },
                CreateSessionError::Metadata(error) => error.into(),
            },
        )?;
        let caller = Caller { account: session.account, administrator: session.administrator };
        self.sessions.remember(session.uuid, caller, account.name.into(), session.expires, now);
        let inventory = inventories::session(&session, &self.zone);
        Ok(InventoryReply { inventory })
    }
}
