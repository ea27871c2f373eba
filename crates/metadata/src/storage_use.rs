//! How much backup storages hold: what their stores consist of, as it was found now and then, and what backups and images
//! would take if each held its blocks alone.

use crate::columns::{all, execute, number, one, text};
use crate::{Metadata, MetadataError};
use imprint_domain::{BackupStorageUuid, Timestamp};

/// What a storage held at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageUseRow {
    /// When.
    pub taken: Timestamp,
    /// Bytes that its store consisted of.
    pub used: u64,
}

/// Milliseconds between two of a storage that are kept.
const EVERY_MS: i64 = 3_600_000;

/// Milliseconds that they are kept.
const KEPT_MS: i64 = 400 * 24 * EVERY_MS;

impl Metadata {
    /// Notes what a storage holds now, unless that was noted within the last hour, by whichever server. Old ones go.
    pub async fn note_storage_use(&self, storage: BackupStorageUuid, used: u64) -> Result<(), MetadataError> {
        let now = self.now().0;
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let recent = "SELECT taken FROM storage_use WHERE backup_storage_uuid = $1 AND taken > $2 LIMIT 1";
                    let values = vec![text(storage), (now - EVERY_MS).into()];
                    if one(transaction, recent, values).await?.is_some() {
                        return Ok::<_, MetadataError>(());
                    }
                    // Another server that came between has noted the same.
                    // One that was deleted meanwhile has no history.
                    let insert = "INSERT INTO storage_use (backup_storage_uuid, taken, used) \
                                  SELECT uuid, CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM backup_storage WHERE uuid = $1 \
                                  ON CONFLICT (backup_storage_uuid, taken) DO NOTHING";
                    execute(transaction, insert, vec![text(storage), now.into(), number(used)]).await?;
                    let old = "DELETE FROM storage_use WHERE backup_storage_uuid = $1 AND taken < $2";
                    execute(transaction, old, vec![text(storage), (now - KEPT_MS).into()]).await?;
                    Ok(())
                })
            })
            .await
    }

    /// What a storage held, oldest first.
    pub async fn storage_use(&self, storage: BackupStorageUuid) -> Result<Vec<StorageUseRow>, MetadataError> {
        let sql = "SELECT taken, used FROM storage_use WHERE backup_storage_uuid = $1 ORDER BY taken";
        let rows = all(self.reader(), sql, vec![text(storage)]).await?;
        rows.iter().map(|row| Ok(StorageUseRow { taken: row.time("taken")?, used: row.count("used")? })).collect()
    }

    /// Bytes of the blocks that a storage's backups and images hold, each counted by itself.
    pub async fn logical_bytes(&self, storage: BackupStorageUuid) -> Result<u64, MetadataError> {
        // PostgreSQL sums up whole numbers to one that has no bounds.
        let sql = "SELECT CAST(COALESCE((SELECT SUM(data_size) FROM volume_backup_ref \
                   WHERE backup_storage_uuid = $1 AND status = 'Ready'), 0) \
                   + COALESCE((SELECT SUM(i.actual_size) FROM image_ref r JOIN image i ON i.uuid = r.image_uuid \
                   WHERE r.backup_storage_uuid = $1 AND r.status = 'Ready'), 0) AS BIGINT) AS bytes";
        let row = one(self.reader(), sql, vec![text(storage)]).await?;
        row.map_or(Ok(0), |row| row.count("bytes"))
    }
}
