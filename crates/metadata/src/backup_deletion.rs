//! Taking volume backups back, and deleting them: marked first, with their tombstones, and removed when those are published.

use crate::backups::{find, lock};
use crate::columns::{affected, all, execute, for_update, number, text};
use crate::writer::Transaction;
use crate::{Metadata, MetadataError, VolumeBackupRefRow, VolumeBackupRow, records, shares};
use imprint_domain::{BackupStorageUuid, CatalogState, LeaseUuid, ResourceStatus, Timestamp, VolumeBackupUuid};
use sea_orm::DbErr;

impl Metadata {
    /// Takes a backup that failed back: its rows and its lease. What it wrote is left for collection. Answers whether it was
    /// still there: it is not when somebody has deleted it, and a newer one may have its id by now.
    pub async fn abandon_backup(&self, uuid: VolumeBackupUuid, lease: LeaseUuid) -> Result<bool, MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    lock(transaction, uuid).await?;
                    execute(transaction, "DELETE FROM lease WHERE uuid = $1", vec![text(lease)]).await?;
                    let ours = "AND uuid = $1 AND EXISTS (SELECT 1 FROM volume_backup_ref r \
                                WHERE r.backup_uuid = volume_backup.uuid AND r.lease_uuid = $2)";
                    Ok(remove_creating(transaction, ours, vec![text(uuid), text(lease)]).await? > 0)
                })
            })
            .await
    }

    /// Takes back every backup whose lease is gone: what a server that died left half made. Answers how many.
    pub async fn abandon_orphaned_backups(&self) -> Result<u64, MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let orphaned = "AND NOT EXISTS (SELECT 1 FROM volume_backup_ref r \
                                    JOIN lease l ON l.uuid = r.lease_uuid WHERE r.backup_uuid = volume_backup.uuid)";
                    Ok(remove_creating(transaction, orphaned, vec![]).await?)
                })
            })
            .await
    }

    /// Marks a backup as being deleted, on some storages or on all, and queues its tombstones. One that is still being
    /// taken is taken back instead. Answers the storages whose tombstones must be published before
    /// [`Metadata::end_backup_deletion`].
    pub async fn begin_backup_deletion(
        &self,
        uuid: VolumeBackupUuid,
        storages: Option<Vec<BackupStorageUuid>>,
    ) -> Result<Vec<BackupStorageUuid>, MetadataError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let Some(mut row) = find(transaction, uuid, for_update(transaction)).await? else {
                        return Ok(Vec::new());
                    };
                    let meant = |storage| storages.as_ref().is_none_or(|storages| storages.contains(&storage));
                    if !row.refs.iter().any(|reference| meant(reference.storage)) {
                        return Ok(Vec::new());
                    }
                    if row.status == ResourceStatus::Creating {
                        let sql = "DELETE FROM lease WHERE uuid IN \
                                   (SELECT lease_uuid FROM volume_backup_ref WHERE backup_uuid = $1)";
                        execute(transaction, sql, vec![text(uuid)]).await?;
                        remove_creating(transaction, "AND uuid = $1", vec![text(uuid)]).await?;
                        return Ok(Vec::new());
                    }
                    row.rev += 1;
                    if mark_deleting(transaction, &mut row, meant, now).await? {
                        let sql = "UPDATE volume_backup SET status = $1, rev = $2, changed = $3 WHERE uuid = $4";
                        let values = vec![text(row.status), number(row.rev), now.0.into(), text(uuid)];
                        execute(transaction, sql, values).await?;
                    }
                    Ok(row.refs.iter().map(|reference| reference.storage).filter(|storage| meant(*storage)).collect())
                })
            })
            .await
    }

    /// Removes what [`Metadata::begin_backup_deletion`] marked. Doing it twice is fine.
    pub async fn end_backup_deletion(&self, uuid: VolumeBackupUuid) -> Result<(), MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    lock(transaction, uuid).await?;
                    let sql = "DELETE FROM volume_backup_ref WHERE backup_uuid = $1 AND status = 'Deleting'";
                    execute(transaction, sql, vec![text(uuid)]).await?;
                    let unreferenced = "DELETE FROM volume_backup WHERE uuid = $1 AND NOT EXISTS \
                                        (SELECT 1 FROM volume_backup_ref WHERE backup_uuid = $1)";
                    if affected(transaction, unreferenced, vec![text(uuid)]).await? > 0 {
                        shares::forget(transaction, &uuid.to_string()).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Backups whose deletion began and did not end.
    pub async fn deleting_backups(&self) -> Result<Vec<VolumeBackupUuid>, MetadataError> {
        let sql = "SELECT DISTINCT backup_uuid FROM volume_backup_ref WHERE status = 'Deleting'";
        all(self.reader(), sql, vec![]).await?.iter().map(|row| row.parsed("backup_uuid")).collect()
    }
}

/// Marks the copies that are meant, each with its tombstone; without any other the backup is `Deleting` too. Those that
/// are marked already have theirs. Answers whether anything was changed.
async fn mark_deleting(
    transaction: &Transaction,
    row: &mut VolumeBackupRow,
    meant: impl Fn(BackupStorageUuid) -> bool,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let fresh = |reference: &VolumeBackupRefRow| reference.status != ResourceStatus::Deleting;
    let marked: Vec<_> =
        row.refs.iter().filter(|reference| meant(reference.storage) && fresh(reference)).cloned().collect();
    for reference in &marked {
        let sql = "UPDATE volume_backup_ref SET status = 'Deleting', changed = $1 WHERE id = $2";
        execute(transaction, sql, vec![now.0.into(), number(reference.id)]).await?;
        let record = records::of_backup(row, reference, CatalogState::Tombstone);
        records::queue(transaction, reference.storage, &record).await?;
    }
    if row.refs.iter().all(|reference| meant(reference.storage) || !fresh(reference)) {
        row.status = ResourceStatus::Deleting;
    }
    Ok(!marked.is_empty())
}

/// Removes backups that are `Creating` and meet `condition`; answers how many.
async fn remove_creating(
    transaction: &Transaction,
    condition: &str,
    values: Vec<sea_orm::Value>,
) -> Result<u64, DbErr> {
    // The backups are locked before their references, as everywhere, and so that whoever gives them a tag is waited for.
    let lock = for_update(transaction);
    let creating = format!("SELECT uuid FROM volume_backup WHERE status = 'Creating' {condition} ORDER BY uuid{lock}");
    let rows = all(transaction, &creating, values).await?;
    for row in &rows {
        let uuid = row.text("uuid").map_err(|error| DbErr::Type(error.to_string()))?;
        for sql in [
            "DELETE FROM volume_backup_ref WHERE backup_uuid = $1",
            "DELETE FROM tag WHERE resource_uuid = $1",
            "DELETE FROM resource_share WHERE resource_uuid = $1",
            "DELETE FROM volume_backup WHERE uuid = $1",
        ] {
            execute(transaction, sql, vec![uuid.clone().into()]).await?;
        }
    }
    Ok(rows.len() as u64)
}
