//! Changing and removing storages.

use crate::columns::{execute, for_update, number, one, optional, text};
use crate::{BackupStorageRow, Metadata, MetadataError, PrimaryStorageRow, shares};
use imprint_domain::{BackupStorageUuid, PrimaryStorageUuid, ResourceState, StorageStatus, ZoneUuid};
use sea_orm::DbErr;

/// Changes of a backup storage; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupStorageChanges {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it may be used.
    pub state: Option<ResourceState>,
    /// Its host.
    pub hostname: Option<String>,
    /// The user there.
    pub username: Option<String>,
    /// The port there.
    pub ssh_port: Option<u64>,
}

/// Changes of a primary storage; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrimaryStorageChanges {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it may be used.
    pub state: Option<ResourceState>,
}

/// What of the store's catalog need not have been published when its storage is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpublished {
    /// Nothing: whoever opens the store again must find what was done.
    Refuse,
    /// Anything.
    Forget,
}

/// Why a backup storage was not removed.
#[derive(Debug, thiserror::Error)]
pub enum DeleteBackupStorageError {
    /// Backups or images lie there.
    #[error("{backups} backups and {images} images lie there")]
    InUse {
        /// Copies of backups.
        backups: u64,
        /// Copies of images.
        images: u64,
    },
    /// The store has not been told of everything.
    #[error("{records} records wait to be written to the catalog")]
    Unpublished {
        /// Records that wait.
        records: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for DeleteBackupStorageError {
    fn from(error: DbErr) -> Self {
        Self::Metadata(error.into())
    }
}

impl Metadata {
    /// Changes a backup storage. Answers it as it then is; `None` when it is gone.
    pub async fn update_backup_storage(
        &self,
        uuid: BackupStorageUuid,
        changes: BackupStorageChanges,
    ) -> Result<Option<BackupStorageRow>, MetadataError> {
        let sql = "UPDATE backup_storage SET name = COALESCE($1, name), description = COALESCE($2, description), \
                   state = COALESCE($3, state), hostname = COALESCE($4, hostname), username = COALESCE($5, username), \
                   ssh_port = COALESCE($6, ssh_port), changed = $7 WHERE uuid = $8";
        let port = changes.ssh_port.and_then(|port| i64::try_from(port).ok());
        let values = vec![
            optional(changes.name),
            optional(changes.description),
            optional(changes.state),
            optional(changes.hostname),
            optional(changes.username),
            port.into(),
            self.now().0.into(),
            text(uuid),
        ];
        self.change(sql, values).await?;
        self.backup_storage(uuid).await
    }

    /// Bounds what a backup storage may hold; 0 means no bound.
    pub async fn set_backup_storage_quota(&self, uuid: BackupStorageUuid, bytes: u64) -> Result<(), MetadataError> {
        let sql = "UPDATE backup_storage SET max_capacity = $1, changed = $2 WHERE uuid = $3";
        self.change(sql, vec![number(bytes), self.now().0.into(), text(uuid)]).await?;
        Ok(())
    }

    /// Has a backup storage serve a zone. Answers it as it then is; `None` when one of the two is gone.
    pub async fn attach_zone(
        &self,
        storage: BackupStorageUuid,
        zone: ZoneUuid,
    ) -> Result<Option<BackupStorageRow>, MetadataError> {
        let now = self.now().0;
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // Whoever removes one of the two meanwhile waits, and finds it in use.
                    for table in ["zone", "backup_storage"] {
                        let sql = format!("SELECT uuid FROM {table} WHERE uuid = $1{}", for_update(transaction));
                        let uuid = if table == "zone" { text(zone) } else { text(storage) };
                        if one(transaction, &sql, vec![uuid]).await?.is_none() {
                            return Ok(());
                        }
                    }
                    let sql = "INSERT INTO backup_storage_zone (backup_storage_uuid, zone_uuid) VALUES ($1, $2) \
                               ON CONFLICT DO NOTHING";
                    execute(transaction, sql, vec![text(storage), text(zone)]).await?;
                    let sql = "UPDATE backup_storage SET changed = $1 WHERE uuid = $2";
                    execute(transaction, sql, vec![now.into(), text(storage)]).await?;
                    Ok::<_, MetadataError>(())
                })
            })
            .await?;
        Ok(self.backup_storage(storage).await?.filter(|row| row.zones.contains(&zone)))
    }

    /// Has a backup storage serve a zone no longer. Answers it as it then is; `None` when it is gone.
    pub async fn detach_zone(
        &self,
        storage: BackupStorageUuid,
        zone: ZoneUuid,
    ) -> Result<Option<BackupStorageRow>, MetadataError> {
        let sql = "DELETE FROM backup_storage_zone WHERE backup_storage_uuid = $1 AND zone_uuid = $2";
        self.change(sql, vec![text(storage), text(zone)]).await?;
        self.update_backup_storage(storage, BackupStorageChanges::default()).await
    }

    /// Removes a backup storage that holds nothing; one that is gone already is fine.
    pub async fn delete_backup_storage(
        &self,
        uuid: BackupStorageUuid,
        unpublished: Unpublished,
    ) -> Result<(), DeleteBackupStorageError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // Whoever begins to write there reads this row first, and waits.
                    let sql = format!("SELECT uuid FROM backup_storage WHERE uuid = $1{}", for_update(transaction));
                    one(transaction, &sql, vec![text(uuid)]).await?;
                    let sql = "SELECT (SELECT count(*) FROM volume_backup_ref WHERE backup_storage_uuid = $1) AS backups, \
                               (SELECT count(*) FROM image_ref WHERE backup_storage_uuid = $1) AS images, \
                               (SELECT count(*) FROM catalog_outbox WHERE backup_storage_uuid = $1) AS records";
                    if let Some(row) = one(transaction, sql, vec![text(uuid)]).await? {
                        let (backups, images) = (row.count("backups")?, row.count("images")?);
                        if backups + images > 0 {
                            return Err(DeleteBackupStorageError::InUse { backups, images });
                        }
                        let records = row.count("records")?;
                        if records > 0 && unpublished == Unpublished::Refuse {
                            return Err(DeleteBackupStorageError::Unpublished { records });
                        }
                    }
                    for table in [
                        "backup_storage_zone",
                        "catalog_outbox",
                        "segment",
                        "lease",
                        "image_export",
                        "storage_use",
                    ] {
                        let sql = format!("DELETE FROM {table} WHERE backup_storage_uuid = $1");
                        execute(transaction, &sql, vec![text(uuid)]).await?;
                    }
                    execute(transaction, "DELETE FROM backup_storage WHERE uuid = $1", vec![text(uuid)]).await?;
                    shares::forget(transaction, &uuid.to_string()).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Changes a primary storage. Answers it as it then is; `None` when it is gone.
    pub async fn update_primary_storage(
        &self,
        uuid: PrimaryStorageUuid,
        changes: PrimaryStorageChanges,
    ) -> Result<Option<PrimaryStorageRow>, MetadataError> {
        let sql = "UPDATE primary_storage SET name = COALESCE($1, name), description = COALESCE($2, description), \
                   state = COALESCE($3, state), changed = $4 WHERE uuid = $5";
        let values = vec![
            optional(changes.name),
            optional(changes.description),
            optional(changes.state),
            self.now().0.into(),
            text(uuid),
        ];
        self.change(sql, values).await?;
        self.primary_storage(uuid).await
    }

    /// Notes what was found of a primary storage: whether its directory is there, and its capacity.
    pub async fn note_primary_storage(
        &self,
        uuid: PrimaryStorageUuid,
        status: StorageStatus,
        capacity: Option<(u64, u64)>,
    ) -> Result<(), MetadataError> {
        let (total, available) = capacity.map_or((None, None), |(total, available)| (Some(total), Some(available)));
        let known = |bytes: Option<u64>| bytes.and_then(|bytes| i64::try_from(bytes).ok());
        let sql = "UPDATE primary_storage SET status = $1, total_capacity = COALESCE($2, total_capacity), \
                   available_capacity = COALESCE($3, available_capacity) WHERE uuid = $4";
        self.change(sql, vec![text(status), known(total).into(), known(available).into(), text(uuid)]).await?;
        Ok(())
    }

    /// Removes a primary storage; one that is gone already is fine. `false`: volumes lie there.
    pub async fn delete_primary_storage(&self, uuid: PrimaryStorageUuid) -> Result<bool, MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = format!("SELECT uuid FROM primary_storage WHERE uuid = $1{}", for_update(transaction));
                    one(transaction, &sql, vec![text(uuid)]).await?;
                    let sql = "SELECT uuid FROM volume WHERE primary_storage_uuid = $1 LIMIT 1";
                    if one(transaction, sql, vec![text(uuid)]).await?.is_some() {
                        return Ok(false);
                    }
                    execute(transaction, "DELETE FROM primary_storage WHERE uuid = $1", vec![text(uuid)]).await?;
                    shares::forget(transaction, &uuid.to_string()).await?;
                    Ok::<_, MetadataError>(true)
                })
            })
            .await
    }
}
