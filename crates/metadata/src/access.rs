//! Who sees which rows: decided here and nowhere else.

use imprint_domain::AccountUuid;

/// Whose rows are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Administrator,
    /// Those that the account owns.
    Account(AccountUuid),
}

impl Scope {
    /// Whether a row of that owner is seen.
    pub fn sees(self, owner: AccountUuid) -> bool {
        match self {
            Self::Administrator => true,
            Self::Account(account) => account == owner,
        }
    }
}
