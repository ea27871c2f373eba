//! Makes a new store.

use super::open::{Known, OpenStoreError};
use super::store_file::{StoreFile, encode_owner};
use super::{ImageStore, StoreOptions};
use imprint_blob_store::{BlobError, BlobStore, ObjectKey, ObjectKind};
use imprint_domain::{InstallationUuid, StoreUuid};

/// Names that may be there already: those of an attempt that was cut short, and of an empty file system.
const HARMLESS: [&str; 6] = ["catalog", "epochs", "index", "owner", "segments", "lost+found"];

/// Why no store was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateStoreError {
    /// There is a store already.
    #[error("there is a store already")]
    Exists,
    /// There is something else already.
    #[error("the place is not empty: there is '{name}'")]
    NotEmpty {
        /// One of the things that are there.
        name: String,
    },
    /// The storage failed.
    #[error("create the store")]
    Store(#[source] BlobError),
    /// What was made cannot be opened.
    #[error("open the new store")]
    Open(#[source] OpenStoreError),
}

impl ImageStore {
    /// Makes a store of `installation` in an empty place. A crash on the way leaves a place in which it can be tried
    /// again. To be called within the runtime that the store's objects are read and written by.
    pub async fn create(
        blobs: BlobStore,
        installation: InstallationUuid,
        options: &StoreOptions,
    ) -> Result<Self, CreateStoreError> {
        check_empty(&blobs).await?;
        blobs.create_layout().await.map_err(CreateStoreError::Store)?;
        let owner = vec![encode_owner(installation)];
        blobs.put(&ObjectKey::Owner(1), owner).await.map_err(CreateStoreError::Store)?;
        let file = StoreFile::new(StoreUuid::random());
        match blobs.put_new(&ObjectKey::StoreFile, vec![file.encode()]).await {
            Err(BlobError::AlreadyExists { .. }) => return Err(CreateStoreError::Exists),
            made => made.map_err(CreateStoreError::Store)?,
        }
        let known = Known { installation, epoch: 0, next_catalog_seq: 0 };
        Self::open(blobs, &known, options).await.map_err(CreateStoreError::Open)
    }
}

async fn check_empty(blobs: &BlobStore) -> Result<(), CreateStoreError> {
    let names = blobs.top_level_names().await.map_err(CreateStoreError::Store)?;
    if names.iter().any(|name| *name == ObjectKey::StoreFile.to_string()) {
        return Err(CreateStoreError::Exists);
    }
    if let Some(name) = names.into_iter().find(|name| !HARMLESS.contains(&name.as_str())) {
        return Err(CreateStoreError::NotEmpty { name });
    }
    // A store that has lost its description still holds somebody's backups.
    for kind in [ObjectKind::Segment, ObjectKind::Catalog] {
        let objects = blobs.list(kind).await.map_err(CreateStoreError::Store)?;
        if let Some(object) = objects.first() {
            return Err(CreateStoreError::NotEmpty { name: object.key.to_string() });
        }
    }
    Ok(())
}
