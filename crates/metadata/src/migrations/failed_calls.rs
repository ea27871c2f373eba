//! Which calls that take long failed.

use super::Step;

/// Adds the calls that failed, and whose each running job is: a server that comes back fails those that it lost.
pub(super) const STEP: Step = Step { name: "m20261126_000013_failed_calls", statements: &[TABLE] };

const TABLE: &str = "
CREATE TABLE failed_call (
    account_uuid TEXT NOT NULL, failed BIGINT NOT NULL, job TEXT NOT NULL, operation TEXT NOT NULL, error TEXT NOT NULL,
    PRIMARY KEY (account_uuid, failed, job));
CREATE INDEX failed_call_failed ON failed_call (failed);
ALTER TABLE job ADD COLUMN account_uuid TEXT";
