//! What the stores' catalogs are told: one record for each change of a backup or image, queued in the same transaction.

use crate::columns::execute;
use crate::{ImageRefRow, ImageRow, VolumeBackupRefRow, VolumeBackupRow};
use imprint_domain::{BackupStorageUuid, CatalogKind, CatalogRecord, CatalogState, Timestamp};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Map, Value, json};

/// RFC 3339, UTC, milliseconds.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::MAX);
    format!("{instant:.3}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds_in_utc() {
        assert_eq!(rfc3339(Timestamp(1_709_543_225_007)), "2024-03-04T09:07:05.007Z");
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00.000Z");
    }
}
