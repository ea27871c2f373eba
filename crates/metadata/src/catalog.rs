//! The outbox of the stores' catalogs: records queued by transactions, taken in batches, removed once published.

use crate::columns::{all, execute, number, one, placeholders, text};
use crate::{Metadata, MetadataError};
use imprint_domain::{BackupStorageUuid, CatalogRecord};
use sea_orm::DatabaseTransaction;

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
                    let sql = "SELECT id, seq, record FROM catalog_outbox WHERE backup_storage_uuid = $1 \
                               ORDER BY CASE WHEN seq IS NULL THEN 1 ELSE 0 END, seq, id LIMIT $2";
                    let rows = all(transaction, sql, vec![text(storage), BATCH.into()]).await?;
                    let Some(first) = rows.first() else { return Ok(None) };
                    let taken = first.optional_count("seq")?;
                    let seq = match taken {
                        Some(seq) => Some(seq),
                        None => assign_seq(transaction, storage).await?,
                    };
                    let Some(seq) = seq else { return Ok(None) };
                    let (mut ids, mut records) = (Vec::new(), Vec::new());
                    for row in &rows {
                        if row.optional_count("seq")? != taken {
                            break;
                        }
                        let json = row.text("record")?;
                        let damaged = |_| MetadataError::Damaged { column: "record".to_owned(), value: json.clone() };
                        records.push(serde_json::from_str(&json).map_err(damaged)?);
                        ids.push(row.int("id")?);
                    }
                    if taken.is_none() {
                        let sql =
                            format!("UPDATE catalog_outbox SET seq = $1 WHERE id IN ({})", placeholders(2, ids.len()));
                        let values = std::iter::once(number(seq)).chain(ids.into_iter().map(Into::into)).collect();
                        execute(transaction, &sql, values).await?;
                    }
                    Ok(Some(CatalogBatch { seq, records }))
                })
            })
            .await
    }

    /// Removes a batch that is in the store.
    pub async fn catalog_batch_done(&self, storage: BackupStorageUuid, seq: u64) -> Result<(), MetadataError> {
        let sql = "DELETE FROM catalog_outbox WHERE backup_storage_uuid = $1 AND seq = $2";
        self.change(sql, vec![text(storage), number(seq)]).await?;
        Ok(())
    }
}

/// Counts a storage's catalog objects. The `UPDATE` locks the storage's row; `None`: it is gone.
async fn assign_seq(
    transaction: &DatabaseTransaction,
    storage: BackupStorageUuid,
) -> Result<Option<u64>, MetadataError> {
    let sql = "UPDATE backup_storage SET next_catalog_seq = next_catalog_seq + 1 WHERE uuid = $1 \
               RETURNING next_catalog_seq - 1 AS seq";
    one(transaction, sql, vec![text(storage)]).await?.map(|row| row.count("seq")).transpose()
}
