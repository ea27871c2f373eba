//! What volumes came to know: what they were made of, when they were attached, whose their files are, and who makes or reverts
//! them.

use super::run_all;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// Adds the columns.
pub(crate) struct Volumes;

impl MigrationName for Volumes {
    fn name(&self) -> &'static str {
        "m20261125_000002_volumes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Volumes {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_all(manager.get_connection(), COLUMNS).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("columns are not taken back: restore the database instead".to_owned()))
    }
}

// Until now a volume's file was made by the server exactly when no source was declared.
const COLUMNS: &str = "
ALTER TABLE volume ADD COLUMN root_image_uuid TEXT;
ALTER TABLE volume ADD COLUMN device_id BIGINT;
ALTER TABLE volume ADD COLUMN last_attach BIGINT;
ALTER TABLE volume ADD COLUMN last_detach BIGINT;
ALTER TABLE volume ADD COLUMN last_vm_instance_uuid TEXT;
ALTER TABLE volume ADD COLUMN owns_file BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE volume ADD COLUMN deleted BIGINT;
ALTER TABLE volume ADD COLUMN revert_backup_uuid TEXT;
ALTER TABLE volume ADD COLUMN revert_storage_uuid TEXT;
ALTER TABLE volume ADD COLUMN lease_uuid TEXT;
UPDATE volume SET owns_file = TRUE WHERE NOT EXISTS
    (SELECT 1 FROM tag WHERE tag.resource_uuid = volume.uuid AND tag.tag LIKE 'volume::source::%');
CREATE INDEX volume_vm_instance ON volume (vm_instance_uuid) WHERE vm_instance_uuid IS NOT NULL;
CREATE INDEX volume_root_image ON volume (root_image_uuid) WHERE root_image_uuid IS NOT NULL;
CREATE INDEX volume_reverting ON volume (revert_backup_uuid) WHERE revert_backup_uuid IS NOT NULL;
CREATE INDEX volume_deleted ON volume (deleted) WHERE deleted IS NOT NULL;
CREATE INDEX volume_backup_group ON volume_backup (group_uuid) WHERE group_uuid IS NOT NULL";
