//! Who sees which rows: decided here and nowhere else.

use imprint_domain::AccountUuid;

/// Whose rows are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Administrator,
    /// Those that the account owns, and those that are shared with it.
    Account(AccountUuid),
}
