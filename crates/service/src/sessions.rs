//! Who calls.

use crate::session_cache::Lookup;
use crate::{Caller, Service, ServiceError};
use imprint_domain::{SessionUuid, Timestamp};
use imprint_metadata::Scope;

impl Service {
    /// What its clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whose session that is. Slides its expiry; costs no round trip while the cache believes it.
    pub async fn caller(&self, session: &str) -> Result<Caller, ServiceError> {
        let session: SessionUuid = session.parse().map_err(|_| ServiceError::SessionInvalid)?;
        let now = self.clock.now();
        match self.sessions.look_up(session, now) {
            Lookup::Valid { caller, write_back: None } => Ok(caller),
            Lookup::Valid { caller, write_back: Some(expires) } => {
                self.metadata.extend_session(session, expires).await?;
                Ok(caller)
            }
            Lookup::Ask => {
                let row = self.metadata.session(session).await?.ok_or(ServiceError::SessionInvalid)?;
                let caller = Caller { account: row.account, administrator: row.administrator };
                self.sessions.remember(session, caller, row.expires, now);
                // The use that just happened counts.
                if let Lookup::Valid { write_back: Some(expires), .. } = self.sessions.look_up(session, now) {
                    self.metadata.extend_session(session, expires).await?;
                }
                Ok(caller)
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
