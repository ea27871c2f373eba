//! Access keys of accounts.

use super::Step;

/// Adds access keys.
pub(super) const STEP: Step = Step { name: "m20261125_000003_access_keys", statements: &[TABLES] };

const TABLES: &str = "
CREATE TABLE access_key (
    uuid TEXT PRIMARY KEY, account_uuid TEXT NOT NULL REFERENCES account (uuid) ON DELETE CASCADE, user_uuid TEXT NOT NULL,
    description TEXT, key_id TEXT NOT NULL UNIQUE, secret TEXT NOT NULL, state TEXT NOT NULL,
    created BIGINT NOT NULL, changed BIGINT NOT NULL);
CREATE INDEX access_key_account ON access_key (account_uuid, created)";
