//! Logging in.

use crate::session_cache::LIFETIME_SECONDS;
use crate::{Caller, Context, Perform, Refusal, Service, ServiceError, inventories};
use imprint_api::{InventoryReply, LogInByAccount, SessionInventory};
use imprint_domain::SessionUuid;
use imprint_metadata::{AccountRow, CreateSessionError, SessionRow};
use std::net::IpAddr;

/// Living sessions that an account may have.
const MAX_SESSIONS: u64 = 500;

impl Perform<LogInByAccount> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: LogInByAccount,
    ) -> Result<InventoryReply<SessionInventory>, ServiceError> {
        let account = self.verified_account(context.client, &operation.account_name, operation.password).await?;
        let now = self.clock.now();
        let session = SessionRow {
            uuid: SessionUuid::random(),
            account: account.uuid,
            administrator: account.kind == "SystemAdmin",
            created: now,
            expires: now.plus_seconds(LIFETIME_SECONDS),
        };
        self.metadata.create_session(session, MAX_SESSIONS).await.map_err(|error| match error {
            CreateSessionError::TooMany { limit } => ServiceError::TooManySessions { limit },
            CreateSessionError::Metadata(error) => error.into(),
        })?;
        let caller = Caller { account: session.account, administrator: session.administrator };
        self.sessions.remember(session.uuid, caller, session.expires, now);
        let inventory = inventories::session(&session, &self.zone);
        Ok(InventoryReply { inventory })
    }
}

impl Service {
    /// The account of that name, if that is its password and not too many tries have failed.
    async fn verified_account(&self, client: IpAddr, name: &str, password: String) -> Result<AccountRow, ServiceError> {
        let begun = self.log_ins.begin(client, name, self.clock.now());
        begun.map_err(|limit| Refusal::TooManyFailedLogIns { seconds: limit.retry_after })?;
        let account = self.metadata.account_by_name(name).await?;
        // An unknown name costs as much as a wrong password, so that names cannot be found out by the clock.
        let hash = account.as_ref().map_or_else(|| self.decoy_hash.clone(), |row| row.password_hash.clone());
        let right = self.passwords.verify(password, hash).await;
        if right != Ok(false) {
            self.log_ins.succeeded(client, name, self.clock.now());
        }
        let right = right.map_err(|_| Refusal::TooManyLogIns)?;
        let account = account.filter(|_| right).ok_or(ServiceError::WrongPassword);
        if account.is_err() {
            tracing::info!(%client, "a log-in failed");
        }
        account
    }
}
