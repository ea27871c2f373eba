//! The image stores that are open, by the backup storage that each belongs to.

use crate::JobsSettings;
use imprint_blob_store::BlobStore;
use imprint_domain::BackupStorageUuid;
use imprint_image_store::{CreateStoreError, ImageStore, Known, OpenStoreError};
use imprint_metadata::BackupStorageRow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

/// Why a backup storage's store could not be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum OpenStorageError {
    /// The directory cannot be used.
    #[error("open the directory")]
    Blob(#[from] imprint_blob_store::BlobError),
    /// The directory cannot be looked at.
    #[error("look at the directory")]
    Io(#[from] std::io::Error),
    /// The directory holds something else.
    #[error("it is not an image store and not empty")]
    Foreign,
    /// The store that was here is gone.
    #[error("the directory is empty, but the store {store} was in it: is its file system mounted?")]
    Vanished {
        /// The store.
        store: imprint_domain::StoreUuid,
    },
    /// Another store lies here than the one that the storage had.
    #[error("the directory holds the store {found}, not {expected}")]
    OtherStore {
        /// The one that is there.
        found: imprint_domain::StoreUuid,
        /// The one that the storage had.
        expected: imprint_domain::StoreUuid,
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
pub struct Stores(RwLock<HashMap<BackupStorageUuid, Arc<ImageStore>>>);

impl Stores {
    /// The store of a backup storage; `None` while it is not connected.
    pub fn get(&self, storage: BackupStorageUuid) -> Option<Arc<ImageStore>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&storage).cloned()
    }

    /// Puts an open store in.
    pub fn insert(&self, storage: BackupStorageUuid, store: ImageStore) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(storage, Arc::new(store));
    }

    /// The storages whose stores are open.
    pub fn connected(&self) -> Vec<BackupStorageUuid> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

/// What a directory was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Store,
    Foreign,
}

fn look(path: &Path) -> std::io::Result<Found> {
    if path.join("store.json").try_exists()? {
        return Ok(Found::Store);
    }
    // A store whose making was cut short has its directories, but no store.json yet.
    for entry in std::fs::read_dir(path)? {
        let name = entry?.file_name();
        if !["segments", "catalog", "epochs", "owner", "index"].iter().any(|ours| name == *ours) {
            return Ok(Found::Foreign);
        }
    }
    Ok(Found::Nothing)
}

/// Opens or makes the store of a storage that metadata know.
pub(crate) async fn connect(
    settings: &JobsSettings,
    storage: &BackupStorageRow,
) -> Result<ImageStore, OpenStorageError> {
    let path: &Path = storage.url.as_ref();
    match (look(path)?, storage.store) {
        (Found::Foreign, _) => Err(OpenStorageError::Foreign),
        (Found::Nothing, Some(store)) => Err(OpenStorageError::Vanished { store }),
        (Found::Nothing, None) => create(settings, path).await,
        (Found::Store, expected) => {
            let known = Known {
                installation: settings.installation,
                epoch: storage.epoch,
                next_catalog_seq: storage.next_catalog_seq,
            };
            let store = ImageStore::open(BlobStore::open_local(path)?, &known).await?;
            match expected.filter(|expected| *expected != store.uuid()) {
                Some(expected) => Err(OpenStorageError::OtherStore { found: store.uuid(), expected }),
                None => Ok(store),
            }
        }
    }
}

/// Opens or makes the store of a storage that is about to be added.
pub(crate) async fn admit(settings: &JobsSettings, path: &Path) -> Result<ImageStore, OpenStorageError> {
    match look(path)? {
        Found::Foreign => Err(OpenStorageError::Foreign),
        Found::Nothing => create(settings, path).await,
        Found::Store => {
            let known = Known { installation: settings.installation, epoch: 0, next_catalog_seq: 1 };
            Ok(ImageStore::open(BlobStore::open_local(path)?, &known).await?)
        }
    }
}

async fn create(settings: &JobsSettings, path: &Path) -> Result<ImageStore, OpenStorageError> {
    Ok(ImageStore::create(BlobStore::create_local(path)?, settings.installation).await?)
}
