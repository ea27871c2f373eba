//! What volumes came to know: what they were made of, when they were attached, whose their files are, and who makes or reverts
//! them.

use super::Step;

/// Adds the columns.
pub(super) const STEP: Step = Step { name: "m20261125_000002_volumes", statements: &[COLUMNS] };

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
