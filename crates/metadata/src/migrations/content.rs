//! Images, and copies of them, that are being made.

use super::Step;

/// Adds the lease that a copy of an image is made under.
pub(super) const STEP: Step = Step { name: "m20261125_000005_content", statements: &[COLUMNS] };

const COLUMNS: &str = "ALTER TABLE image_ref ADD COLUMN lease_uuid TEXT";
