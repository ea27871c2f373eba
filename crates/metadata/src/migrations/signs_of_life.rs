//! When servers that share the database were last seen alive.

use super::Step;

/// Adds the signs of life by which other servers see that one has gone, and finds what it was running.
pub(super) const STEP: Step = Step { name: "m20261126_000001_signs_of_life", statements: &[COLUMNS] };

// A server that was last seen under the schema before has not been seen by the database's clock.
const COLUMNS: &str = "
ALTER TABLE management_node ADD COLUMN seen BIGINT NOT NULL DEFAULT 0;
CREATE INDEX job_running ON job (node) WHERE state = 'Running';
CREATE INDEX long_job_unended ON long_job (node) WHERE state IN ('Waiting', 'Running', 'Suspended', 'Canceling');
CREATE INDEX long_job_changed ON long_job (changed)";
