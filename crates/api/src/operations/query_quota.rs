//! Finding quotas.

use crate::{Query, QuotaInventory};
use schemars::JsonSchema;

/// Finds quotas: how much accounts may have.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryQuota {}

impl Query for QueryQuota {
    const NAME: &'static str = "QueryQuota";
    const GROUP: &'static str = "identity";
    const PATH: &'static str = "/accounts/quotas";
    type Inventory = QuotaInventory;
}
