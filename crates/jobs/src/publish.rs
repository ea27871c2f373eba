//! Publishing: what the outbox holds for a storage goes into its store's catalog.

use crate::Jobs;
use imprint_domain::BackupStorageUuid;
use imprint_image_store::{CatalogError, WriteError};
use imprint_metadata::MetadataError;

/// Why a storage's catalog could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The storage's store is not open.
    #[error("backup storage {0} is not connected")]
    NotConnected(BackupStorageUuid),
    /// The store has no space left.
    #[error("backup storage {0} has no space left")]
    StorageFull(BackupStorageUuid),
    /// Writing to the store failed, now or earlier: it takes nothing more until it is opened again.
    #[error("write to backup storage {storage}")]
    StorageFailed {
        /// The storage.
        storage: BackupStorageUuid,
        /// Why.
        #[source]
        source: WriteError,
    },
    /// The store may only be read.
    #[error("backup storage {storage} is read-only: {reason}")]
    ReadOnly {
        /// The storage.
        storage: BackupStorageUuid,
        /// Why.
        reason: String,
    },
    /// The store refused it.
    #[error(transparent)]
    Catalog(CatalogError),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl Jobs {
    /// Publishes everything that waits for a storage's catalog. When it returns, what was queued before is in the store.
    pub async fn publish(&self, storage: BackupStorageUuid) -> Result<(), PublishError> {
        let turn = self.0.publishing.of(storage);
        let _turn = turn.lock().await;
        let metadata = &self.0.settings.metadata;
        let mut store = None;
        while let Some(batch) = metadata.take_catalog_batch(storage).await? {
            let store = match &store {
                Some(store) => store,
                None => store.insert(self.store(storage).await?.ok_or(PublishError::NotConnected(storage))?),
            };
            // The number is taken for good before the object is written: a store never holds one that the database does
            // not know, unless the database is older than the store.
            let published = store.catalog().publish(batch.seq, self.0.settings.installation, batch.records).await;
            published.map_err(|error| refused(storage, error))?;
            metadata.catalog_batch_done(storage, batch.seq).await?;
        }
        Ok(())
    }
}

/// What a catalog's failure means to whoever waits for it.
fn refused(storage: BackupStorageUuid, error: CatalogError) -> PublishError {
    match error {
        CatalogError::Write(WriteError::ReadOnly(reason)) => {
            PublishError::ReadOnly { storage, reason: reason.to_string() }
        }
        CatalogError::Write(WriteError::StorageFull) => PublishError::StorageFull(storage),
        CatalogError::Write(source @ (WriteError::Store(_) | WriteError::Poisoned)) => {
            PublishError::StorageFailed { storage, source }
        }
        error => PublishError::Catalog(error),
    }
}
