//! Backup storages.

use crate::columns::{Columns, all, execute, number, one, optional, placeholders, text};
use crate::{CreateError, Metadata, MetadataError, NewTags};
use imprint_domain::{BackupStorageUuid, ResourceState, StorageStatus, StoreUuid, Timestamp, ZoneUuid};
use sea_orm::ConnectionTrait;
use std::collections::HashMap;

/// A backup storage: a directory that holds an image store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupStorageRow {
    /// Its id.
    pub uuid: BackupStorageUuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The directory.
    pub url: String,
    /// `ImageStoreBackupStorage`.
    pub kind: String,
    /// Whether it may be used.
    pub state: ResourceState,
    /// Whether its store is open.
    pub status: StorageStatus,
    /// As given when it was added.
    pub hostname: Option<String>,
    /// As given when it was added.
    pub username: Option<String>,
    /// As given when it was added.
    pub ssh_port: Option<u64>,
    /// Bytes of its file system.
    pub total_capacity: u64,
    /// Bytes that are free.
    pub available_capacity: u64,
    /// The store in it, once it was opened.
    pub store: Option<StoreUuid>,
    /// The newest collection known here.
    pub epoch: u64,
    /// The sequence number of the next catalog object; every one in the store is lower.
    pub next_catalog_seq: u64,
    /// Bytes that it may hold; 0 means as many as there is room for.
    pub max_capacity: u64,
    /// The zones that it serves.
    pub zones: Vec<ZoneUuid>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl BackupStorageRow {
    pub(crate) const COLUMNS: &str = "t.uuid, t.name, t.description, t.url, t.kind, t.state, t.status, t.hostname, \
        t.username, t.ssh_port, t.total_capacity, t.available_capacity, t.store_uuid, t.epoch, t.next_catalog_seq, \
        t.max_capacity, \
        t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            name: row.text("name")?,
            description: row.optional_text("description")?,
            url: row.text("url")?,
            kind: row.text("kind")?,
            state: row.parsed("state")?,
            status: row.parsed("status")?,
            hostname: row.optional_text("hostname")?,
            username: row.optional_text("username")?,
            ssh_port: row.optional_count("ssh_port")?,
            total_capacity: row.count("total_capacity")?,
            available_capacity: row.count("available_capacity")?,
            store: row.optional_parsed("store_uuid")?,
            epoch: row.count("epoch")?,
            next_catalog_seq: row.count("next_catalog_seq")?,
            max_capacity: row.count("max_capacity")?,
            zones: Vec::new(),
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }

    /// Fills in the zones of the rows of a page.
    pub(crate) async fn attach(db: &impl ConnectionTrait, rows: &mut [Self]) -> Result<(), MetadataError> {
        if rows.is_empty() {
            return Ok(());
        }
        let marks = placeholders(1, rows.len());
        let sql = format!(
            "SELECT backup_storage_uuid, zone_uuid FROM backup_storage_zone \
             WHERE backup_storage_uuid IN ({marks}) ORDER BY zone_uuid"
        );
        let mut zones: HashMap<BackupStorageUuid, Vec<ZoneUuid>> = HashMap::new();
        for row in all(db, &sql, rows.iter().map(|row| text(row.uuid)).collect()).await? {
            zones.entry(row.parsed("backup_storage_uuid")?).or_default().push(row.parsed("zone_uuid")?);
        }
        for row in rows {
            row.zones = zones.remove(&row.uuid).unwrap_or_default();
        }
        Ok(())
    }
}

impl Metadata {
    /// Makes a backup storage with its zones and tags.
    pub async fn create_backup_storage(&self, storage: BackupStorageRow, tags: NewTags) -> Result<(), CreateError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "INSERT INTO backup_storage (uuid, name, description, url, kind, state, status, hostname, \
                               username, ssh_port, total_capacity, available_capacity, store_uuid, epoch, \
                               next_catalog_seq, created, changed) \
                               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
                    let values = vec![
                        text(storage.uuid),
                        storage.name.into(),
                        optional(storage.description),
                        storage.url.into(),
                        storage.kind.into(),
                        text(storage.state),
                        text(storage.status),
                        optional(storage.hostname),
                        optional(storage.username),
                        storage.ssh_port.and_then(|port| i64::try_from(port).ok()).into(),
                        number(storage.total_capacity),
                        number(storage.available_capacity),
                        optional(storage.store),
                        number(storage.epoch),
                        number(storage.next_catalog_seq),
                        storage.created.0.into(),
                        storage.changed.0.into(),
                    ];
                    execute(transaction, sql, values).await?;
                    for zone in &storage.zones {
                        let sql = "INSERT INTO backup_storage_zone (backup_storage_uuid, zone_uuid) VALUES ($1, $2) \
                                   ON CONFLICT DO NOTHING";
                        execute(transaction, sql, vec![text(storage.uuid), text(zone)]).await?;
                    }
                    tags.insert(transaction, storage.uuid, "BackupStorageVO", storage.created).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The backup storage of that id.
    pub async fn backup_storage(&self, uuid: BackupStorageUuid) -> Result<Option<BackupStorageRow>, MetadataError> {
        let sql = format!("SELECT {} FROM backup_storage t WHERE t.uuid = $1", BackupStorageRow::COLUMNS);
        let Some(row) = one(self.reader(), &sql, vec![text(uuid)]).await? else { return Ok(None) };
        let mut rows = [BackupStorageRow::read(&row)?];
        BackupStorageRow::attach(self.reader(), &mut rows).await?;
        let [row] = rows;
        Ok(Some(row))
    }

    /// All backup storages, oldest first.
    pub async fn backup_storages(&self) -> Result<Vec<BackupStorageRow>, MetadataError> {
        let sql = format!("SELECT {} FROM backup_storage t ORDER BY t.created, t.uuid", BackupStorageRow::COLUMNS);
        let rows = all(self.reader(), &sql, vec![]).await?;
        let mut rows = rows.iter().map(BackupStorageRow::read).collect::<Result<Vec<_>, _>>()?;
        BackupStorageRow::attach(self.reader(), &mut rows).await?;
        Ok(rows)
    }

    /// Notes whether a storage's store is open, and which store it is.
    pub async fn set_backup_storage_status(
        &self,
        uuid: BackupStorageUuid,
        status: StorageStatus,
        store: Option<StoreUuid>,
    ) -> Result<(), MetadataError> {
        let sql = "UPDATE backup_storage SET status = $1, store_uuid = COALESCE($2, store_uuid) WHERE uuid = $3";
        self.change(sql, vec![text(status), optional(store), text(uuid)]).await?;
        Ok(())
    }

    /// Notes a collection that began or was found in the store; an older one changes nothing.
    pub async fn note_epoch(&self, uuid: BackupStorageUuid, epoch: u64) -> Result<(), MetadataError> {
        let sql = "UPDATE backup_storage SET epoch = $1 WHERE uuid = $2 AND epoch < $1";
        self.change(sql, vec![number(epoch), text(uuid)]).await?;
        Ok(())
    }

    /// Notes a storage's capacity.
    pub async fn set_backup_storage_capacity(
        &self,
        uuid: BackupStorageUuid,
        total: u64,
        available: u64,
    ) -> Result<(), MetadataError> {
        let sql = "UPDATE backup_storage SET total_capacity = $1, available_capacity = $2 WHERE uuid = $3";
        self.change(sql, vec![number(total), number(available), text(uuid)]).await?;
        Ok(())
    }
}
