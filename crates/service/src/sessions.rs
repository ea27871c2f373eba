//! Who calls.

use crate::session_cache::Lookup;
use crate::{Caller, Service, ServiceError};
use imprint_domain::{SessionUuid, Timestamp};
use imprint_metadata::Scope;
use std::sync::Arc;

impl Service {
    /// What its clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whose session that is. Slides its expiry; costs no round trip while the cache believes it.
    pub async fn caller(&self, session: &str) -> Result<Caller, ServiceError> {
        Ok(self.signed_in(session).await?.0)
    }

    /// The same, with the account's name: one that was just changed may still be the former.
    pub async fn signed_in(&self, session: &str) -> Result<(Caller, Arc<str>), ServiceError> {
        let session: SessionUuid = session.parse().map_err(|_| ServiceError::SessionInvalid)?;
        let now = self.clock.now();
        match self.sessions.look_up(session, now) {
            Lookup::Valid { caller, name, write_back } => {
                if let Some(expires) = write_back {
                    self.metadata.extend_session(session, expires).await?;
                }
                Ok((caller, name))
            }
            Lookup::Ask => {
                let (row, name) = self.metadata.session(session).await?.ok_or(ServiceError::SessionInvalid)?;
                let name: Arc<str> = name.into();
                let caller = Caller { account: row.account, administrator: row.administrator };
                self.sessions.remember(session, caller, name.clone(), row.expires, now);
                // The use that just happened counts.
                if let Lookup::Valid { write_back: Some(expires), .. } = self.sessions.look_up(session, now) {
                    self.metadata.extend_session(session, expires).await?;
                }
                Ok((caller, name))
            }
        }
    }
}

impl Caller {
    /// Whose rows are seen.
    pub(crate) fn scope(self) -> Scope {
        if self.administrator { Scope::Administrator } else { Scope::Account(self.account) }
    }
}
