//! On whose behalf an operation runs.

use imprint_domain::AccountUuid;

/// An account that has shown a valid session or a valid signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: AccountUuid,
    /// Whether it sees and may do everything.
    pub administrator: bool,
}
