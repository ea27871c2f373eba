//! The first schema.

use super::Step;

/// Makes all tables of the first release.
pub(super) const STEP: Step =
    Step { name: "m20261123_000001_initial", statements: &[IDENTITY, STORAGES, BACKUPS, IMAGES, WORK] };

const IDENTITY: &str = "
CREATE TABLE installation (id BIGINT PRIMARY KEY, uuid TEXT NOT NULL, created BIGINT NOT NULL);
CREATE TABLE account (
    uuid TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT, kind TEXT NOT NULL,
    password_hash TEXT NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL);
CREATE TABLE session (
    uuid TEXT PRIMARY KEY, account_uuid TEXT NOT NULL REFERENCES account (uuid),
    created BIGINT NOT NULL, expires BIGINT NOT NULL);
CREATE INDEX session_account ON session (account_uuid, expires);
CREATE INDEX session_expires ON session (expires)";

const STORAGES: &str = "
CREATE TABLE zone (
    uuid TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, state TEXT NOT NULL, kind TEXT NOT NULL,
    is_default BOOLEAN NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL);
CREATE TABLE backup_storage (
    uuid TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, url TEXT NOT NULL, kind TEXT NOT NULL,
    state TEXT NOT NULL, status TEXT NOT NULL, hostname TEXT, username TEXT, ssh_port BIGINT,
    total_capacity BIGINT NOT NULL, available_capacity BIGINT NOT NULL,
    store_uuid TEXT, epoch BIGINT NOT NULL, next_catalog_seq BIGINT NOT NULL,
    created BIGINT NOT NULL, changed BIGINT NOT NULL);
CREATE TABLE backup_storage_zone (
    backup_storage_uuid TEXT NOT NULL REFERENCES backup_storage (uuid), zone_uuid TEXT NOT NULL REFERENCES zone (uuid),
    PRIMARY KEY (backup_storage_uuid, zone_uuid));
CREATE TABLE primary_storage (
    uuid TEXT PRIMARY KEY, zone_uuid TEXT NOT NULL REFERENCES zone (uuid), name TEXT NOT NULL, description TEXT,
    url TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, status TEXT NOT NULL, mount_path TEXT NOT NULL,
    total_capacity BIGINT NOT NULL, available_capacity BIGINT NOT NULL,
    created BIGINT NOT NULL, changed BIGINT NOT NULL);
CREATE TABLE volume (
    uuid TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT,
    primary_storage_uuid TEXT NOT NULL REFERENCES primary_storage (uuid), vm_instance_uuid TEXT,
    install_path TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL, format TEXT NOT NULL,
    size BIGINT NOT NULL, actual_size BIGINT NOT NULL, state TEXT NOT NULL, status TEXT NOT NULL,
    is_shareable BOOLEAN NOT NULL, backups_begun BIGINT NOT NULL,
    account_uuid TEXT NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL);
CREATE INDEX volume_name ON volume (lower(name));
CREATE INDEX volume_created ON volume (created, uuid)";

const BACKUPS: &str = "
CREATE TABLE volume_backup (
    uuid TEXT PRIMARY KEY, volume_uuid TEXT NOT NULL, name TEXT NOT NULL, description TEXT, kind TEXT NOT NULL,
    state TEXT NOT NULL, status TEXT NOT NULL, size BIGINT NOT NULL, metadata TEXT, group_uuid TEXT,
    mode TEXT NOT NULL, method TEXT, vm_instance_uuid TEXT, parent_uuid TEXT, rev BIGINT NOT NULL,
    account_uuid TEXT NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL);
CREATE INDEX volume_backup_volume ON volume_backup (volume_uuid, created);
CREATE INDEX volume_backup_created ON volume_backup (created, uuid);
CREATE INDEX volume_backup_name ON volume_backup (lower(name));
CREATE TABLE volume_backup_ref (
    id INTEGER PRIMARY KEY, backup_uuid TEXT NOT NULL REFERENCES volume_backup (uuid),
    backup_storage_uuid TEXT NOT NULL, install_path TEXT NOT NULL, status TEXT NOT NULL, root BLOB,
    volume_size BIGINT NOT NULL, data_size BIGINT NOT NULL, lease_uuid TEXT,
    created BIGINT NOT NULL, changed BIGINT NOT NULL, UNIQUE (backup_uuid, backup_storage_uuid));
CREATE INDEX volume_backup_ref_storage ON volume_backup_ref (backup_storage_uuid, status)";

// Making an image of a backup is the operation of record, and every index costs it a page of the log. The partial ones
// cost it none, unless the content's digest is not known.
const IMAGES: &str = "
CREATE TABLE image (
    uuid TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, state TEXT NOT NULL, status TEXT NOT NULL,
    size BIGINT NOT NULL, actual_size BIGINT NOT NULL, md5_sum TEXT, url TEXT NOT NULL, media_type TEXT NOT NULL,
    guest_os_type TEXT, kind TEXT NOT NULL, platform TEXT, architecture TEXT, format TEXT NOT NULL,
    system BOOLEAN NOT NULL, virtio BOOLEAN, rev BIGINT NOT NULL,
    account_uuid TEXT NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL) WITHOUT ROWID;
CREATE INDEX image_name ON image (lower(name));
CREATE INDEX image_created ON image (created, uuid);
CREATE TABLE image_ref (
    id INTEGER PRIMARY KEY, image_uuid TEXT NOT NULL REFERENCES image (uuid),
    backup_storage_uuid TEXT NOT NULL, install_path TEXT NOT NULL, status TEXT NOT NULL,
    export_md5_sum TEXT, export_url TEXT, root BLOB NOT NULL, digested BOOLEAN NOT NULL, deleted BIGINT,
    created BIGINT NOT NULL, changed BIGINT NOT NULL, UNIQUE (image_uuid, backup_storage_uuid));
CREATE INDEX image_ref_gone ON image_ref (status, deleted) WHERE status <> 'Ready';
CREATE INDEX image_ref_undigested ON image_ref (root) WHERE NOT digested;
CREATE TABLE image_export (
    token_hash TEXT PRIMARY KEY, image_uuid TEXT NOT NULL, backup_storage_uuid TEXT NOT NULL, format TEXT NOT NULL,
    created BIGINT NOT NULL, expires BIGINT NOT NULL);
CREATE INDEX image_export_image ON image_export (image_uuid, backup_storage_uuid);
CREATE TABLE digest (
    root BLOB NOT NULL, format TEXT NOT NULL, layout_version BIGINT NOT NULL, md5 TEXT NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (root, format, layout_version));
CREATE TABLE tag (
    uuid TEXT PRIMARY KEY, resource_uuid TEXT NOT NULL, resource_type TEXT NOT NULL, tag TEXT NOT NULL,
    kind TEXT NOT NULL, inherent BOOLEAN NOT NULL, tag_pattern_uuid TEXT,
    created BIGINT NOT NULL, changed BIGINT NOT NULL);
CREATE INDEX tag_resource ON tag (resource_uuid);
CREATE INDEX tag_tag ON tag (lower(tag));
CREATE TABLE tag_pattern (
    uuid TEXT PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL, description TEXT, color TEXT, kind TEXT NOT NULL,
    created BIGINT NOT NULL, changed BIGINT NOT NULL)";

const WORK: &str = "
CREATE TABLE job (
    uuid TEXT PRIMARY KEY, operation TEXT NOT NULL, state TEXT NOT NULL, result TEXT, node TEXT NOT NULL,
    created BIGINT NOT NULL, finished BIGINT);
CREATE INDEX job_finished ON job (finished);
CREATE TABLE lease (
    uuid TEXT PRIMARY KEY, backup_storage_uuid TEXT NOT NULL, purpose TEXT NOT NULL, node TEXT NOT NULL,
    pinned_root BLOB, created BIGINT NOT NULL, expires BIGINT NOT NULL);
CREATE INDEX lease_storage ON lease (backup_storage_uuid);
CREATE TABLE segment (
    backup_storage_uuid TEXT NOT NULL, id BLOB NOT NULL, lease_uuid TEXT NOT NULL, durable BOOLEAN NOT NULL,
    state TEXT NOT NULL, generation BIGINT NOT NULL, PRIMARY KEY (backup_storage_uuid, id));
CREATE TABLE catalog_outbox (
    id INTEGER PRIMARY KEY, backup_storage_uuid TEXT NOT NULL, record TEXT NOT NULL, seq BIGINT);
CREATE INDEX catalog_outbox_taken ON catalog_outbox (backup_storage_uuid, seq) WHERE seq IS NOT NULL";
