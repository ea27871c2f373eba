//! Accounts' sharing and quotas, owners of tag patterns, long jobs, and the servers of an installation.

use super::Step;

/// Adds what accounts share, own and run.
pub(super) const STEP: Step = Step { name: "m20261125_000001_identity", statements: &[TABLES] };

// An account of '' means all accounts: a null could not be part of the key. The administrator owns the patterns that were
// made before they had owners. Its own rows need no index by owner: it sees all.
const TABLES: &str = "
CREATE TABLE resource_share (
    resource_uuid TEXT NOT NULL, account_uuid TEXT NOT NULL, resource_type TEXT NOT NULL, owner_uuid TEXT NOT NULL,
    created BIGINT NOT NULL, changed BIGINT NOT NULL, PRIMARY KEY (resource_uuid, account_uuid));
CREATE INDEX resource_share_account ON resource_share (account_uuid);
ALTER TABLE tag_pattern ADD COLUMN account_uuid TEXT NOT NULL DEFAULT '36c27e8ff05c4780bf6d2fa65700f22e';
CREATE INDEX tag_pattern_of ON tag (tag_pattern_uuid) WHERE tag_pattern_uuid IS NOT NULL;
CREATE INDEX image_account ON image (account_uuid, created) WHERE account_uuid <> '36c27e8ff05c4780bf6d2fa65700f22e';
CREATE INDEX volume_backup_account ON volume_backup (account_uuid, created)
    WHERE account_uuid <> '36c27e8ff05c4780bf6d2fa65700f22e';
CREATE TABLE quota (
    uuid TEXT PRIMARY KEY, account_uuid TEXT NOT NULL REFERENCES account (uuid), name TEXT NOT NULL,
    value BIGINT NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL, UNIQUE (account_uuid, name));
CREATE TABLE long_job (
    uuid TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, api_id TEXT NOT NULL, job_name TEXT NOT NULL,
    job_data TEXT NOT NULL, job_result TEXT, state TEXT NOT NULL, target_uuid TEXT, node TEXT NOT NULL,
    account_uuid TEXT NOT NULL, execute_time BIGINT, created BIGINT NOT NULL, changed BIGINT NOT NULL);
CREATE INDEX long_job_created ON long_job (created, uuid);
CREATE INDEX long_job_api ON long_job (api_id);
CREATE TABLE management_node (
    uuid TEXT PRIMARY KEY, host_name TEXT NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL)";
