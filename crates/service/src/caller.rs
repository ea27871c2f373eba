//! On whose behalf an operation runs.

use imprint_domain::{AccountUuid, SessionUuid};

/// An account with a valid session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: AccountUuid,
    /// Its session.
    pub session: SessionUuid,
    /// Whether it sees and may do everything.
    pub administrator: bool,
}
