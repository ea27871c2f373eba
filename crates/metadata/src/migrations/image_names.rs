//! Searching images by parts of their names.

use super::Step;

/// Makes the index of names hold what a search looks at.
pub(super) const STEP: Step = Step { name: "m20261126_000012_image_names", statements: &[INDEX] };

// The table is its primary key's index: of each name in an index of the folded names alone, SQLite looks the row up, which took
// 190 ms for a hundred thousand of them. With the name itself and the time beside it, nothing is looked up, which takes 7 ms.
const INDEX: &str = "
DROP INDEX image_name;
CREATE INDEX image_name ON image (lower(name), name, created)";
