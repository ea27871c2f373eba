//! How much storages held in the past.

use super::Step;

/// Adds what backup storages held, now and then.
pub(super) const STEP: Step = Step { name: "m20261126_000010_storage_use", statements: &[TABLE] };

const TABLE: &str = "
CREATE TABLE storage_use (
    backup_storage_uuid TEXT NOT NULL, taken BIGINT NOT NULL, used BIGINT NOT NULL,
    PRIMARY KEY (backup_storage_uuid, taken))";
