//! The image stores that are open, by the backup storage that each belongs to.

use crate::JobsSettings;
use imprint_blob_store::{BlobError, BlobStore, Sharing};
use imprint_domain::{BackupStorageUuid, StoreUuid};
use imprint_image_store::{Access, CreateStoreError, ImageStore, Known, OpenStoreError, ReadOnlyReason, StoreOptions};
use imprint_metadata::{BackupStorageRow, MetadataError};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

/// Why a backup storage's store could not be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum OpenStorageError {
    /// The directory cannot be used.
    #[error("open the directory")]
    Directory(#[from] BlobError),
    /// Another store lies here than the one that the storage had.
    #[error("the directory holds the store {found}, not {expected}")]
    OtherStore {
        /// The one that is there.
        found: StoreUuid,
        /// The one that the storage had.
        expected: StoreUuid,
    },
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenStoreError),
    /// It cannot be made.
    #[error(transparent)]
    Create(#[from] CreateStoreError),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// Why a backup storage's store was not opened anew.
#[derive(Debug, thiserror::Error)]
pub enum ReconnectError {
    /// Work on it runs.
    #[error("work on it runs")]
    InUse,
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenStorageError),
}

/// The open stores. The lock is held for a map operation only.
#[derive(Debug, Default)]
pub struct Stores(RwLock<HashMap<BackupStorageUuid, ImageStore>>);

impl Stores {
    /// The store of a backup storage; `None` while it is not connected.
    pub fn get(&self, storage: BackupStorageUuid) -> Option<ImageStore> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&storage).cloned()
    }

    /// Puts an open store in, unless there is one, and answers the one that is there.
    pub fn insert(&self, storage: BackupStorageUuid, store: ImageStore) -> ImageStore {
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(storage).or_insert(store).clone()
    }

    /// Takes a store out: who still holds it goes on.
    pub(crate) fn remove(&self, storage: BackupStorageUuid) -> Option<ImageStore> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&storage)
    }

    /// Puts an open store in the place of the one that is there; who has that one keeps it.
    pub(crate) fn replace(&self, storage: BackupStorageUuid, store: ImageStore) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(storage, store);
    }

    /// The storages whose stores are open.
    pub fn connected(&self) -> Vec<BackupStorageUuid> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

fn options(settings: &JobsSettings) -> StoreOptions {
    let sharing = if settings.shared { Sharing::OneDatabase } else { Sharing::Alone };
    StoreOptions { write_memory: settings.memory_budget, sharing, ..StoreOptions::default() }
}

/// Opens the store of a storage that metadata know; makes it if the storage never had one.
pub(crate) async fn connect(
    settings: &JobsSettings,
    storage: &BackupStorageRow,
) -> Result<ImageStore, OpenStorageError> {
    let mut row = storage.clone();
    loop {
        let store = open(settings, &row).await?;
        bound(&store, &row).await;
        let Access::ReadOnly(ReadOnlyReason::HigherEpoch { .. } | ReadOnlyReason::NewerCatalog { .. }) = store.access()
        else {
            return Ok(store);
        };
        // Another server that shares the database may have written since the row was read. What the row says now is newer
        // than what the store was found to hold; unless it says the same, the store is opened by it.
        match settings.metadata.backup_storage(row.uuid).await? {
            Some(now) if known(settings, &now) != known(settings, &row) => row = now,
            _ => return Ok(store),
        }
    }
}

/// Bounds what a store may hold as its storage's row says.
pub(crate) async fn bound(store: &ImageStore, row: &BackupStorageRow) {
    if row.max_capacity == 0 {
        store.set_quota(None, 0);
        return;
    }
    match store.used_bytes().await {
        Ok(used) => store.set_quota(Some(row.max_capacity), used),
        Err(error) => tracing::warn!(%error, storage = %row.uuid, "what a storage holds cannot be counted"),
    }
}

async fn open(settings: &JobsSettings, row: &BackupStorageRow) -> Result<ImageStore, OpenStorageError> {
    let Some(expected) = row.store else { return admit(settings, row.url.as_ref()).await };
    // An empty directory is an error here: most likely its file system is not mounted.
    let blobs = BlobStore::open_local(row.url.as_ref())?;
    let store = ImageStore::open(blobs, &known(settings, row), &options(settings)).await?;
    if store.uuid() == expected {
        Ok(store)
    } else {
        Err(OpenStorageError::OtherStore { found: store.uuid(), expected })
    }
}

/// What the database knows of a storage's store.
fn known(settings: &JobsSettings, row: &BackupStorageRow) -> Known {
    Known { installation: settings.installation, epoch: row.epoch, next_catalog_seq: row.next_catalog_seq }
}

/// Makes a store in an empty directory, or opens the one that lies there.
pub(crate) async fn admit(settings: &JobsSettings, path: &Path) -> Result<ImageStore, OpenStorageError> {
    let blobs = BlobStore::open_local(path)?;
    match ImageStore::create(blobs.clone(), settings.installation, &options(settings)).await {
        Err(CreateStoreError::Exists) => {
            let known = Known { installation: settings.installation, epoch: 0, next_catalog_seq: 1 };
            Ok(ImageStore::open(blobs, &known, &options(settings)).await?)
        }
        made => Ok(made?),
    }
}
