//! The image stores that are open, by the backup storage that each belongs to.

use crate::JobsSettings;
use imprint_blob_store::{BlobError, BlobStore};
use imprint_domain::{BackupStorageUuid, StoreUuid};
use imprint_image_store::{CreateStoreError, ImageStore, Known, OpenStoreError, StoreOptions};
use imprint_metadata::BackupStorageRow;
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
}

/// The open stores. The lock is held for a map operation only.
#[derive(Debug, Default)]
pub struct Stores(RwLock<HashMap<BackupStorageUuid, ImageStore>>);

impl Stores {
    /// The store of a backup storage; `None` while it is not connected.
    pub fn get(&self, storage: BackupStorageUuid) -> Option<ImageStore> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&storage).cloned()
    }

    /// Puts an open store in.
    pub fn insert(&self, storage: BackupStorageUuid, store: ImageStore) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(storage, store);
    }

    /// The storages whose stores are open.
    pub fn connected(&self) -> Vec<BackupStorageUuid> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

fn options(settings: &JobsSettings) -> StoreOptions {
    StoreOptions { write_memory: settings.memory_budget, ..StoreOptions::default() }
}

/// Opens the store of a storage that metadata know; makes it if the storage never had one.
pub(crate) async fn connect(
    settings: &JobsSettings,
    storage: &BackupStorageRow,
) -> Result<ImageStore, OpenStorageError> {
    let Some(expected) = storage.store else { return admit(settings, storage.url.as_ref()).await };
    let known =
        Known { installation: settings.installation, epoch: storage.epoch, next_catalog_seq: storage.next_catalog_seq };
    // An empty directory is an error here: most likely its file system is not mounted.
    let blobs = BlobStore::open_local(storage.url.as_ref())?;
    let store = ImageStore::open(blobs, &known, &options(settings)).await?;
    if store.uuid() == expected {
        Ok(store)
    } else {
        Err(OpenStorageError::OtherStore { found: store.uuid(), expected })
    }
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
