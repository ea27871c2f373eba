//! What long jobs are done with and nobody sees.

use super::Step;

/// Adds the parameters of long jobs that hold a secret.
pub(super) const STEP: Step = Step { name: "m20261126_000006_long_job_secrets", statements: &[COLUMNS] };

// No query reaches it: its condition would tell the secret letter by letter.
const COLUMNS: &str = "ALTER TABLE long_job ADD COLUMN secret_job_data TEXT";
