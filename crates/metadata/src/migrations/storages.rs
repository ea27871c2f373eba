//! What bounds backup storages.

use super::Step;

/// Adds what an administrator lets a backup storage hold at most.
pub(super) const STEP: Step = Step { name: "m20261125_000004_storages", statements: &[COLUMNS] };

const COLUMNS: &str = "ALTER TABLE backup_storage ADD COLUMN max_capacity BIGINT NOT NULL DEFAULT 0";
