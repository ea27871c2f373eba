//! How hard to delete.

use serde::{Deserialize, Serialize};

/// How hard to delete: clients send it with nearly every delete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeleteMode {
    /// Whoever depends on the resource may refuse.
    #[default]
    Permissive,
    /// Refusals are not asked for.
    Enforcing,
}
