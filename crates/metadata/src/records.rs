//! What the stores' catalogs are told: one record for each change of a backup or image, queued in the same transaction.

use crate::columns::execute;
use crate::reconcile::timestamp;
use crate::{ImageRefRow, ImageRow, VolumeBackupRefRow, VolumeBackupRow};
use imprint_domain::{
    BackupStorageUuid, CatalogKind, CatalogRecord, CatalogState, EncodedRoot, ResourceState, ResourceStatus, Timestamp,
};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Map, Value, json};

/// RFC 3339, UTC, milliseconds.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::MAX);
    format!("{instant:.3}")
}

/// The revision that a new resource begins with: by the clock, so that it is above the tombstone of whatever had its id
/// before, in any store and under any database, and is not taken for what was deleted. Between two milliseconds there is
/// room for all changes of a resource that lives no longer.
pub(crate) fn first_revision(now: Timestamp) -> u64 {
    u64::try_from(now.0).unwrap_or(0).saturating_mul(1 << 10).max(1)
}

/// Queues a record for a storage's catalog.
pub(crate) async fn queue(
    db: &impl ConnectionTrait,
    storage: BackupStorageUuid,
    record: &CatalogRecord,
) -> Result<(), DbErr> {
    let record = json(record)?;
    let sql = "INSERT INTO catalog_outbox (backup_storage_uuid, record) VALUES ($1, $2)";
    execute(db, sql, vec![storage.to_string().into(), record.into()]).await.map(|_| ())
}

/// A record as the outbox keeps it.
pub(crate) fn json(record: &CatalogRecord) -> Result<String, DbErr> {
    serde_json::to_string(record).map_err(|error| DbErr::Json(error.to_string()))
}

/// A map without the entries that are null.
fn present(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

/// The record of a backup on one storage.
pub(crate) fn of_backup(row: &VolumeBackupRow, reference: &VolumeBackupRefRow, state: CatalogState) -> CatalogRecord {
    CatalogRecord {
        kind: CatalogKind::Backup,
        uuid: row.uuid.to_string(),
        rev: row.rev,
        state,
        root: reference.root.map(|root| hex::encode(root.as_bytes())),
        account: row.account.to_string(),
        volume: Some(row.volume.to_string()),
        parent: row.parent.map(|parent| parent.to_string()),
        group: row.group_uuid.clone(),
        mode: Some(row.mode.to_string()),
        method: row.method.clone(),
        created: rfc3339(row.created),
        inventory: present(json!({
            "uuid": row.uuid.to_string(),
            "volumeUuid": row.volume.to_string(),
            "name": row.name,
            "description": row.description,
            "type": row.kind,
            "state": row.state.to_string(),
            "status": row.status.to_string(),
            "size": row.size,
            "metadata": row.metadata,
            "groupUuid": row.group_uuid,
            "mode": row.mode.to_string(),
            "vmInstanceUuid": row.vm_instance_uuid,
            "createDate": rfc3339(row.created),
            "lastOpDate": rfc3339(row.changed),
        })),
    }
}

/// The record of an image on one storage.
pub(crate) fn of_image(row: &ImageRow, reference: &ImageRefRow, state: CatalogState) -> CatalogRecord {
    CatalogRecord {
        kind: CatalogKind::Image,
        uuid: row.uuid.to_string(),
        rev: row.rev,
        state,
        root: Some(hex::encode(reference.root.as_bytes())),
        account: row.account.to_string(),
        volume: None,
        parent: None,
        group: None,
        mode: None,
        method: None,
        created: rfc3339(row.created),
        inventory: present(json!({
            "uuid": row.uuid.to_string(),
            "name": row.name,
            "description": row.description,
            "state": row.state.to_string(),
            "status": row.status.to_string(),
            "size": row.size,
            "actualSize": row.actual_size,
            "md5Sum": row.md5_sum,
            "url": row.url,
            "mediaType": row.media_type.to_string(),
            "guestOsType": row.guest_os_type,
            "type": row.kind,
            "platform": row.platform,
            "architecture": row.architecture,
            "format": row.format.to_string(),
            "system": row.system,
            "virtio": row.virtio,
            "createDate": rfc3339(row.created),
            "lastOpDate": rfc3339(row.changed),
        })),
    }
}

/// The backup that a record is of, without its references; `None` for a record that no backup could have.
pub(crate) fn backup_row(record: &CatalogRecord) -> Option<VolumeBackupRow> {
    let said = |key: &str| record.inventory.get(key).and_then(Value::as_str).map(str::to_owned);
    let created = timestamp(&record.created)?;
    Some(VolumeBackupRow {
        uuid: record.uuid.parse().ok()?,
        volume: record.volume.as_ref()?.parse().ok()?,
        name: said("name")?,
        description: said("description"),
        kind: said("type").unwrap_or_else(|| "Data".to_owned()),
        state: said("state").and_then(|state| state.parse().ok()).unwrap_or(ResourceState::Enabled),
        status: ResourceStatus::Ready,
        size: record.inventory.get("size").and_then(Value::as_u64).unwrap_or_default(),
        metadata: said("metadata"),
        group_uuid: record.group.clone(),
        mode: record.mode.as_ref()?.parse().ok()?,
        method: record.method.clone(),
        vm_instance_uuid: said("vmInstanceUuid"),
        parent: record.parent.as_ref().and_then(|parent| parent.parse().ok()),
        rev: record.rev,
        account: record.account.parse().ok()?,
        refs: Vec::new(),
        created,
        changed: said("lastOpDate").and_then(|date| timestamp(&date)).unwrap_or(created),
    })
}

/// The image that a record is of, as it is on that storage; `None` for a record that no image could have.
pub(crate) fn image_row(
    record: &CatalogRecord,
    storage: BackupStorageUuid,
    root: EncodedRoot,
    (size, actual_size): (u64, u64),
) -> Option<ImageRow> {
    let said = |key: &str| record.inventory.get(key).and_then(Value::as_str).map(str::to_owned);
    let flag = |key: &str| record.inventory.get(key).and_then(Value::as_bool);
    let uuid = record.uuid.parse().ok()?;
    let created = timestamp(&record.created)?;
    let changed = said("lastOpDate").and_then(|date| timestamp(&date)).unwrap_or(created);
    let is_deleted = said("status").as_deref() == Some(ResourceStatus::Deleted.as_str());
    let status = if is_deleted { ResourceStatus::Deleted } else { ResourceStatus::Ready };
    let reference = ImageRefRow {
        id: 0,
        image: uuid,
        storage,
        install_path: String::new(),
        status,
        export_md5_sum: None,
        export_url: None,
        root,
        created,
        changed,
    };
    Some(ImageRow {
        uuid,
        name: said("name")?,
        description: said("description"),
        state: said("state").and_then(|state| state.parse().ok()).unwrap_or(ResourceState::Enabled),
        status,
        size,
        actual_size,
        md5_sum: said("md5Sum"),
        url: said("url").unwrap_or_default(),
        media_type: said("mediaType")?.parse().ok()?,
        guest_os_type: said("guestOsType"),
        kind: said("type").unwrap_or_else(|| "zstack".to_owned()),
        platform: said("platform"),
        architecture: said("architecture"),
        format: said("format")?.parse().ok()?,
        system: flag("system").unwrap_or_default(),
        virtio: flag("virtio"),
        rev: record.rev,
        account: record.account.parse().ok()?,
        refs: vec![reference],
        created,
        changed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds_in_utc() {
        assert_eq!(rfc3339(Timestamp(1_709_543_225_007)), "2024-03-04T09:07:05.007Z");
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00.000Z");
    }
}
