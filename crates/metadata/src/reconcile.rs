//! Bringing metadata and a store's catalog together again, after one of them was lost or restored from a copy.
//!
//! Each change here is made only if no catalog object was begun since the catalog was read: whoever deletes something takes
//! the next object's number before its tombstone is written, and removes the row after that. What was deleted meanwhile is
//! therefore never taken for something that was lost.

use crate::columns::{all, execute, for_update, number, one, optional, root, text};
use crate::images::{self, ImageRow, NOT_CALCULATED};
use crate::new_images::{self, insert_row, install_path};
use crate::writer::Transaction;
use crate::{ImageRefRow, Metadata, MetadataError, VolumeBackupRow, backups, records};
use imprint_domain::{
    BackupStorageUuid, CatalogKind, CatalogRecord, CatalogState, EncodedRoot, ImageUuid, ResourceStatus, SegmentId,
    Timestamp, VolumeBackupUuid,
};
use sea_orm::DbErr;
use std::collections::HashMap;

/// What metadata know of a resource on one storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownResource {
    /// Counts the resource's changes.
    pub rev: u64,
    /// Where its copy there stands.
    pub status: ResourceStatus,
}

/// A live record all of whose content was found in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct AdoptedRecord {
    /// The record.
    pub record: CatalogRecord,
    /// Its content.
    pub root: EncodedRoot,
    /// Bytes of the volume.
    pub size: u64,
    /// Bytes of its blocks that are not zero.
    pub data_size: u64,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileStepError {
    /// The catalog has got another object since it was read: it must be read again.
    #[error("the catalog has changed since it was read")]
    CatalogMoved,
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for ReconcileStepError {
    fn from(error: DbErr) -> Self {
        Self::Metadata(error.into())
    }
}

/// What names a resource of a catalog.
pub type ResourceKey = (CatalogKind, String);

impl Metadata {
    /// The number of the next object of a storage's catalog. To be read before the catalog is.
    pub async fn next_catalog_seq(&self, storage: BackupStorageUuid) -> Result<u64, MetadataError> {
        let sql = "SELECT next_catalog_seq FROM backup_storage WHERE uuid = $1";
        one(self.reader(), sql, vec![text(storage)]).await?.map_or(Ok(0), |row| row.count("next_catalog_seq"))
    }

    /// The backups and images that metadata know on a storage.
    pub async fn known_on(
        &self,
        storage: BackupStorageUuid,
    ) -> Result<HashMap<ResourceKey, KnownResource>, MetadataError> {
        let mut known = HashMap::new();
        for (kind, sql) in [
            (
                CatalogKind::Backup,
                "SELECT o.uuid, o.rev, r.status FROM volume_backup_ref r JOIN volume_backup o ON o.uuid = r.backup_uuid \
                 WHERE r.backup_storage_uuid = $1",
            ),
            (
                CatalogKind::Image,
                "SELECT o.uuid, o.rev, r.status FROM image_ref r JOIN image o ON o.uuid = r.image_uuid \
                 WHERE r.backup_storage_uuid = $1",
            ),
        ] {
            for row in all(self.reader(), sql, vec![text(storage)]).await? {
                let resource = KnownResource { rev: row.count("rev")?, status: row.parsed("status")? };
                known.insert((kind, row.text("uuid")?), resource);
            }
        }
        Ok(known)
    }

    /// Makes rows of records, or brings older rows up to them. Answers how many became known, and how many of those were
    /// backups of a group; a record that cannot be read is left out.
    pub async fn adopt(
        &self,
        storage: BackupStorageUuid,
        expected_seq: u64,
        adopted: Vec<AdoptedRecord>,
    ) -> Result<Vec<ResourceKey>, ReconcileStepError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let name = check_seq(transaction, storage, expected_seq).await?;
                    let mut made = Vec::new();
                    for adopted in adopted {
                        let key = (adopted.record.kind, adopted.record.uuid.clone());
                        let is_new = match adopted.record.kind {
                            CatalogKind::Backup => adopt_backup(transaction, storage, &adopted).await?,
                            CatalogKind::Image => adopt_image(transaction, storage, &name, &adopted).await?,
                            CatalogKind::Volume => false,
                        };
                        if is_new {
                            made.push(key);
                        }
                    }
                    Ok(made)
                })
            })
            .await
    }

    /// Removes rows of resources whose tombstones are newer. Answers which were removed.
    pub async fn remove_buried(
        &self,
        storage: BackupStorageUuid,
        expected_seq: u64,
        tombstones: Vec<(ResourceKey, u64)>,
    ) -> Result<Vec<ResourceKey>, ReconcileStepError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    check_seq(transaction, storage, expected_seq).await?;
                    let mut removed = Vec::new();
                    for ((kind, uuid), rev) in tombstones {
                        if bury(transaction, storage, (kind, &uuid), rev).await? {
                            removed.push((kind, uuid));
                        }
                    }
                    Ok(removed)
                })
            })
            .await
    }

    /// Queues the records of resources that the catalog lacks, or has older ones of.
    pub async fn publish_again(
        &self,
        storage: BackupStorageUuid,
        resources: Vec<ResourceKey>,
    ) -> Result<(), MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    for (kind, uuid) in resources {
                        queue_again(transaction, storage, kind, &uuid).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Notes segments of a store that have no rows: they were made durable under a database that was lost.
    pub async fn adopt_segments(
        &self,
        storage: BackupStorageUuid,
        segments: Vec<(SegmentId, u64)>,
    ) -> Result<(), MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    for (segment, generation) in segments {
                        // Nobody's lease: whether they are still needed, roots decide.
                        let sql =
                            "INSERT INTO segment (backup_storage_uuid, id, lease_uuid, durable, state, generation) \
                             VALUES ($1, $2, '', TRUE, 'Live', $3) ON CONFLICT (backup_storage_uuid, id) DO NOTHING";
                        let id = segment.as_bytes().to_vec();
                        execute(transaction, sql, vec![text(storage), id.into(), number(generation)]).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Notes that metadata know all that a store has been told so far: it may be written to from now on.
    pub async fn catch_up(
        &self,
        storage: BackupStorageUuid,
        expected_seq: u64,
        epoch: u64,
        highest_seq: u64,
    ) -> Result<(), ReconcileStepError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    check_seq(transaction, storage, expected_seq).await?;
                    let sql = "UPDATE backup_storage SET epoch = CASE WHEN epoch < $1 THEN $1 ELSE epoch END, \
                               next_catalog_seq = CASE WHEN next_catalog_seq <= $2 THEN $2 + 1 ELSE next_catalog_seq END \
                               WHERE uuid = $3";
                    execute(transaction, sql, vec![number(epoch), number(highest_seq), text(storage)]).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// The image that a catalog's record is of, as it is on that storage.
pub fn image_of_record(
    record: &CatalogRecord,
    storage: BackupStorageUuid,
    content: EncodedRoot,
    (size, data_size): (u64, u64),
) -> Option<ImageRow> {
    records::image_row(record, storage, content, (size, data_size))
}

/// Locks the storage and answers its name, if no catalog object was begun since.
async fn check_seq(
    transaction: &Transaction,
    storage: BackupStorageUuid,
    expected: u64,
) -> Result<String, ReconcileStepError> {
    let sql = format!("SELECT name, next_catalog_seq FROM backup_storage WHERE uuid = $1{}", for_update(transaction));
    let row = one(transaction, &sql, vec![text(storage)]).await?.ok_or(ReconcileStepError::CatalogMoved)?;
    if row.count("next_catalog_seq")? == expected {
        Ok(row.text("name")?)
    } else {
        Err(ReconcileStepError::CatalogMoved)
    }
}

/// Whether a copy may be brought up to a record: one that is being made or removed has its own way.
fn is_settled(status: ResourceStatus) -> bool {
    matches!(status, ResourceStatus::Ready | ResourceStatus::Deleted)
}

async fn adopt_backup(
    transaction: &Transaction,
    storage: BackupStorageUuid,
    adopted: &AdoptedRecord,
) -> Result<bool, MetadataError> {
    let Some(new) = records::backup_row(&adopted.record) else { return Ok(false) };
    backups::lock(transaction, new.uuid).await?;
    let found = backups::find(transaction, new.uuid, "").await?;
    let known = found.as_ref().and_then(|row| row.refs.iter().find(|reference| reference.storage == storage));
    match &found {
        Some(_) if known.is_some_and(|reference| !is_settled(reference.status)) => return Ok(false),
        Some(row) if row.rev >= new.rev && known.is_some() => return Ok(false),
        Some(row) if row.rev >= new.rev => {}
        Some(row) if !is_settled(row.status) => return Ok(false),
        Some(_) => {
            let sql = "UPDATE volume_backup SET name = $1, description = $2, rev = $3, changed = $4 WHERE uuid = $5";
            let values = vec![
                new.name.clone().into(),
                optional(new.description.as_ref()),
                number(new.rev),
                new.changed.0.into(),
                text(new.uuid),
            ];
            execute(transaction, sql, values).await?;
        }
        None => insert_backup(transaction, &new).await?,
    }
    let values = vec![
        text(new.uuid),
        text(storage),
        format!("zstore://{storage}/{}", new.uuid).into(),
        root(&adopted.root),
        number(adopted.size),
        number(adopted.data_size),
        new.created.0.into(),
        new.changed.0.into(),
    ];
    let sql = "INSERT INTO volume_backup_ref (backup_uuid, backup_storage_uuid, install_path, status, root, volume_size, \
               data_size, created, changed) VALUES ($1, $2, $3, 'Ready', $4, $5, $6, $7, $8) \
               ON CONFLICT (backup_uuid, backup_storage_uuid) DO UPDATE SET root = $4, volume_size = $5, data_size = $6";
    execute(transaction, sql, values).await?;
    Ok(known.is_none())
}

async fn insert_backup(transaction: &Transaction, row: &VolumeBackupRow) -> Result<(), DbErr> {
    let sql = "INSERT INTO volume_backup (uuid, volume_uuid, name, description, kind, state, status, size, metadata, \
               group_uuid, mode, method, vm_instance_uuid, parent_uuid, rev, account_uuid, created, changed) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    let values = vec![
        text(row.uuid),
        text(row.volume),
        row.name.clone().into(),
        optional(row.description.as_ref()),
        row.kind.clone().into(),
        text(row.state),
        text(row.status),
        number(row.size),
        optional(row.metadata.as_ref()),
        optional(row.group_uuid.as_ref()),
        text(row.mode),
        optional(row.method.as_ref()),
        optional(row.vm_instance_uuid.as_ref()),
        optional(row.parent),
        number(row.rev),
        text(row.account),
        row.created.0.into(),
        row.changed.0.into(),
    ];
    execute(transaction, sql, values).await.map(|_| ())
}

async fn adopt_image(
    transaction: &Transaction,
    storage: BackupStorageUuid,
    storage_name: &str,
    adopted: &AdoptedRecord,
) -> Result<bool, MetadataError> {
    let sizes = (adopted.size, adopted.data_size);
    let Some(new) = records::image_row(&adopted.record, storage, adopted.root, sizes) else { return Ok(false) };
    images::lock(transaction, new.uuid).await?;
    let found = images::find(transaction, new.uuid, "").await?;
    let known = found.as_ref().and_then(|row| row.refs.iter().find(|reference| reference.storage == storage));
    match &found {
        Some(_) if known.is_some_and(|reference| !is_settled(reference.status)) => return Ok(false),
        Some(row) if row.rev >= new.rev && known.is_some() => return Ok(false),
        Some(row) if row.rev >= new.rev => {}
        Some(row) if !is_settled(row.status) => return Ok(false),
        Some(_) => update_image(transaction, &new).await?,
        None => insert_row(transaction, &new).await?,
    }
    let reference = ImageRefRow {
        id: 0,
        image: new.uuid,
        storage,
        install_path: install_path(storage_name, new.uuid),
        status: new.status,
        export_md5_sum: None,
        export_url: None,
        root: adopted.root,
        created: new.created,
        changed: new.changed,
    };
    if known.is_some() {
        let sql = "UPDATE image_ref SET root = $1, status = $2, deleted = $3, digested = FALSE \
                   WHERE image_uuid = $4 AND backup_storage_uuid = $5";
        let deleted = (new.status == ResourceStatus::Deleted).then_some(new.changed.0);
        let values = vec![root(&adopted.root), text(new.status), deleted.into(), text(new.uuid), text(storage)];
        execute(transaction, sql, values).await?;
    } else {
        new_images::insert_ref(transaction, &reference, None).await?;
    }
    Ok(known.is_none())
}

async fn update_image(transaction: &Transaction, new: &ImageRow) -> Result<(), DbErr> {
    let sql = "UPDATE image SET name = $1, description = $2, state = $3, status = $4, media_type = $5, \
               guest_os_type = $6, platform = $7, architecture = $8, format = $9, system = $10, virtio = $11, rev = $12, \
               changed = $13, md5_sum = $14 WHERE uuid = $15";
    let values = vec![
        new.name.clone().into(),
        optional(new.description.as_ref()),
        text(new.state),
        text(new.status),
        text(new.media_type),
        optional(new.guest_os_type.as_ref()),
        optional(new.platform.as_ref()),
        optional(new.architecture.as_ref()),
        text(new.format),
        new.system.into(),
        new.virtio.into(),
        number(new.rev),
        new.changed.0.into(),
        new.md5_sum.clone().unwrap_or_else(|| NOT_CALCULATED.to_owned()).into(),
        text(new.uuid),
    ];
    execute(transaction, sql, values).await.map(|_| ())
}

/// Removes what a newer tombstone buries: the copy on that storage, and the resource with its last copy.
async fn bury(
    transaction: &Transaction,
    storage: BackupStorageUuid,
    (kind, uuid): (CatalogKind, &str),
    rev: u64,
) -> Result<bool, MetadataError> {
    let (table, refs, key) = match kind {
        CatalogKind::Backup => ("volume_backup", "volume_backup_ref", "backup_uuid"),
        CatalogKind::Image => ("image", "image_ref", "image_uuid"),
        CatalogKind::Volume => return Ok(false),
    };
    let sql = format!("SELECT rev FROM {table} WHERE uuid = $1{}", for_update(transaction));
    let Some(row) = one(transaction, &sql, vec![uuid.into()]).await? else { return Ok(false) };
    if row.count("rev")? >= rev {
        return Ok(false);
    }
    let sql = format!(
        "DELETE FROM {refs} WHERE {key} = $1 AND backup_storage_uuid = $2 AND status IN ('Ready', 'Deleted', 'Deleting')"
    );
    if crate::columns::affected(transaction, &sql, vec![uuid.into(), text(storage)]).await? == 0 {
        return Ok(false);
    }
    if kind == CatalogKind::Image {
        let sql = "DELETE FROM image_export WHERE image_uuid = $1 AND backup_storage_uuid = $2";
        execute(transaction, sql, vec![uuid.into(), text(storage)]).await?;
    }
    // Its other copies go on at the tombstone's revision, so that it stays older than what follows.
    let sql = format!("UPDATE {table} SET rev = $1 WHERE uuid = $2");
    execute(transaction, &sql, vec![number(rev), uuid.into()]).await?;
    let sql = format!("DELETE FROM {table} WHERE uuid = $1 AND NOT EXISTS (SELECT 1 FROM {refs} WHERE {key} = $1)");
    if crate::columns::affected(transaction, &sql, vec![uuid.into()]).await? > 0 {
        for sql in ["DELETE FROM tag WHERE resource_uuid = $1", "DELETE FROM resource_share WHERE resource_uuid = $1"] {
            execute(transaction, sql, vec![uuid.into()]).await?;
        }
    }
    Ok(true)
}

async fn queue_again(
    transaction: &Transaction,
    storage: BackupStorageUuid,
    kind: CatalogKind,
    uuid: &str,
) -> Result<(), MetadataError> {
    let record = match kind {
        CatalogKind::Backup => {
            let Ok(uuid) = uuid.parse::<VolumeBackupUuid>() else { return Ok(()) };
            let Some(row) = backups::find(transaction, uuid, "").await? else { return Ok(()) };
            let reference = row.refs.iter().find(|it| it.storage == storage && is_settled(it.status));
            reference.map(|reference| records::of_backup(&row, reference, CatalogState::Live))
        }
        CatalogKind::Image => {
            let Ok(uuid) = uuid.parse::<ImageUuid>() else { return Ok(()) };
            let Some(row) = images::find(transaction, uuid, "").await? else { return Ok(()) };
            let reference = row.refs.iter().find(|it| it.storage == storage && is_settled(it.status));
            reference.map(|reference| records::of_image(&row, reference, CatalogState::Live))
        }
        CatalogKind::Volume => None,
    };
    if let Some(record) = record {
        records::queue(transaction, storage, &record).await?;
    }
    Ok(())
}

/// A point in time that a record spells.
pub(crate) fn timestamp(rfc3339: &str) -> Option<Timestamp> {
    rfc3339.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_millisecond()))
}
