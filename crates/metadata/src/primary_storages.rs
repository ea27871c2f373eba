//! Primary storages.

use crate::columns::{Columns, affected, all, execute, number, one, optional, text};
use crate::{CreateError, Metadata, MetadataError, NewTags};
use imprint_domain::{PrimaryStorageUuid, ResourceState, StorageStatus, Timestamp, ZoneUuid};

/// A primary storage: a directory that holds the files of volumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimaryStorageRow {
    /// Its id.
    pub uuid: PrimaryStorageUuid,
    /// The zone that it serves.
    pub zone: ZoneUuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The directory, as given.
    pub url: String,
    /// `LocalStorage`.
    pub kind: String,
    /// Whether it may be used.
    pub state: ResourceState,
    /// Whether its directory is there.
    pub status: StorageStatus,
    /// The directory without symbolic links.
    pub mount_path: String,
    /// Bytes of its file system.
    pub total_capacity: u64,
    /// Bytes that are free.
    pub available_capacity: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl PrimaryStorageRow {
    pub(crate) const COLUMNS: &str = "t.uuid, t.zone_uuid, t.name, t.description, t.url, t.kind, t.state, t.status, \
        t.mount_path, t.total_capacity, t.available_capacity, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            zone: row.parsed("zone_uuid")?,
            name: row.text("name")?,
            description: row.optional_text("description")?,
            url: row.text("url")?,
            kind: row.text("kind")?,
            state: row.parsed("state")?,
            status: row.parsed("status")?,
            mount_path: row.text("mount_path")?,
            total_capacity: row.count("total_capacity")?,
            available_capacity: row.count("available_capacity")?,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }
}

impl Metadata {
    /// Storages whose directories lie beneath `from` lie beneath `to` from now on. Answers how many.
    pub async fn move_storages(&self, from: &str, to: &str) -> Result<u64, MetadataError> {
        const MOVES: [(&str, &str); 3] =
            [("backup_storage", "url"), ("primary_storage", "url"), ("primary_storage", "mount_path")];
        let values: Vec<sea_orm::Value> = vec![from.into(), to.into()];
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut moved = 0;
                    for (table, column) in MOVES {
                        let sql = format!(
                            "UPDATE {table} SET {column} = CAST($2 AS TEXT) || substr({column}, length(CAST($1 AS TEXT)) + 1) \
                             WHERE substr({column}, 1, length(CAST($1 AS TEXT)) + 1) = CAST($1 AS TEXT) || '/'"
                        );
                        moved += affected(transaction, &sql, values.clone()).await?;
                    }
                    Ok(moved)
                })
            })
            .await
    }

    /// Makes a primary storage with its tags.
    pub async fn create_primary_storage(&self, storage: PrimaryStorageRow, tags: NewTags) -> Result<(), CreateError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "INSERT INTO primary_storage (uuid, zone_uuid, name, description, url, kind, state, status, \
                               mount_path, total_capacity, available_capacity, created, changed) \
                               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
                    let values = vec![
                        text(storage.uuid),
                        text(storage.zone),
                        storage.name.into(),
                        optional(storage.description),
                        storage.url.into(),
                        storage.kind.into(),
                        text(storage.state),
                        text(storage.status),
                        storage.mount_path.into(),
                        number(storage.total_capacity),
                        number(storage.available_capacity),
                        storage.created.0.into(),
                        storage.changed.0.into(),
                    ];
                    execute(transaction, sql, values).await?;
                    tags.insert(transaction, storage.uuid, "PrimaryStorageVO", storage.created).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The primary storage of that id.
    pub async fn primary_storage(&self, uuid: PrimaryStorageUuid) -> Result<Option<PrimaryStorageRow>, MetadataError> {
        let sql = format!("SELECT {} FROM primary_storage t WHERE t.uuid = $1", PrimaryStorageRow::COLUMNS);
        let row = one(self.reader(), &sql, vec![text(uuid)]).await?;
        row.map(|row| PrimaryStorageRow::read(&row)).transpose()
    }

    /// All primary storages, oldest first.
    pub async fn primary_storages(&self) -> Result<Vec<PrimaryStorageRow>, MetadataError> {
        let sql = format!("SELECT {} FROM primary_storage t ORDER BY t.created, t.uuid", PrimaryStorageRow::COLUMNS);
        all(self.reader(), &sql, vec![]).await?.iter().map(PrimaryStorageRow::read).collect()
    }
}
