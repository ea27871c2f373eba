//! The outbox of the stores' catalogs: records queued by transactions, taken in batches, removed once published.

use crate::columns::{Columns, all, execute, for_update, number, one, placeholders, text};
use crate::writer::Transaction;
use crate::{Metadata, MetadataError};
use imprint_domain::{BackupStorageUuid, CatalogRecord};
use sea_orm::DbErr;

/// Records that one catalog object holds at most.
const BATCH: i64 = 1024;

/// Records that wait to be published as one object.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogBatch {
    /// The object's sequence number, assigned for good: the store never holds one that the database does not know.
    pub seq: u64,
    /// The records, oldest first.
    pub records: Vec<CatalogRecord>,
}

impl Metadata {
    /// The next batch for a storage. One that was taken before and not confirmed comes again, under the same number.
    pub async fn take_catalog_batch(&self, storage: BackupStorageUuid) -> Result<Option<CatalogBatch>, MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // The storage's row first: two servers take one batch after the other.
                    let sql = format!(
                        "SELECT next_catalog_seq FROM backup_storage WHERE uuid = $1{}",
                        for_update(transaction)
                    );
                    let Some(row) = one(transaction, &sql, vec![text(storage)]).await? else { return Ok(None) };
                    let next = row.count("next_catalog_seq")?;
                    if let Some(taken) = oldest_taken(transaction, storage).await? {
                        return Ok(Some(taken));
                    }
                    let sql = "SELECT id, record FROM catalog_outbox WHERE backup_storage_uuid = $1 AND seq IS NULL \
                               ORDER BY id LIMIT $2";
                    let rows = all(transaction, sql, vec![text(storage), BATCH.into()]).await?;
                    if rows.is_empty() {
                        return Ok(None);
                    }
                    let records = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
                    let ids = rows.iter().map(|row| row.int("id")).collect::<Result<Vec<_>, _>>()?;
                    assign(transaction, storage, next, ids).await?;
                    Ok(Some(CatalogBatch { seq: next, records }))
                })
            })
            .await
    }

    /// Whether anything waits to be published for a storage.
    pub async fn outbox_waits(&self, storage: BackupStorageUuid) -> Result<bool, MetadataError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM catalog_outbox WHERE backup_storage_uuid = $1) AS waits";
        one(self.reader(), sql, vec![text(storage)]).await?.map_or(Ok(false), |row| row.flag("waits"))
    }

    /// Removes a batch that is in the store.
    pub async fn catalog_batch_done(&self, storage: BackupStorageUuid, seq: u64) -> Result<(), MetadataError> {
        let sql = "DELETE FROM catalog_outbox WHERE backup_storage_uuid = $1 AND seq = $2";
        self.change(sql, vec![text(storage), number(seq)]).await?;
        Ok(())
    }
}

fn record(row: &Columns) -> Result<CatalogRecord, MetadataError> {
    let json = row.text("record")?;
    serde_json::from_str(&json).map_err(|_| MetadataError::Damaged { column: "record".to_owned(), value: json })
}

/// A batch that has its number already.
async fn oldest_taken(
    transaction: &Transaction,
    storage: BackupStorageUuid,
) -> Result<Option<CatalogBatch>, MetadataError> {
    let sql = "SELECT seq, record FROM catalog_outbox WHERE backup_storage_uuid = $1 AND seq = \
               (SELECT min(seq) FROM catalog_outbox WHERE backup_storage_uuid = $1 AND seq IS NOT NULL) ORDER BY id";
    let rows = all(transaction, sql, vec![text(storage)]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let seq = first.count("seq")?;
    Ok(Some(CatalogBatch { seq, records: rows.iter().map(record).collect::<Result<_, _>>()? }))
}

/// Gives records their number, and counts the storage's catalog objects.
async fn assign(transaction: &Transaction, storage: BackupStorageUuid, seq: u64, ids: Vec<i64>) -> Result<(), DbErr> {
    let sql = "UPDATE backup_storage SET next_catalog_seq = $1 WHERE uuid = $2";
    execute(transaction, sql, vec![number(seq.saturating_add(1)), text(storage)]).await?;
    let sql = format!("UPDATE catalog_outbox SET seq = $1 WHERE id IN ({})", placeholders(2, ids.len()));
    let values = std::iter::once(number(seq)).chain(ids.into_iter().map(Into::into)).collect();
    execute(transaction, &sql, values).await.map(|_| ())
}
