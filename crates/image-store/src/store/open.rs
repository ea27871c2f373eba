//! Opens a store and decides what may be done with it.

use super::store_file::{StoreFile, decode_owner};
use super::{Access, ImageStore, ReadOnlyReason, StoreOptions};
use imprint_blob_store::{BlobError, BlobStore, ListedObject, ObjectKey, ObjectKind, Sharing, WriterLock};
use imprint_domain::InstallationUuid;
use std::io::ErrorKind;

/// What the database knows of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// This installation.
    pub installation: InstallationUuid,
    /// The newest collection; 0 before the first.
    pub epoch: u64,
    /// The number of the next catalog object. It is taken, durably, before the object is written: a store with a higher
    /// one has been written by a database that is newer than this.
    pub next_catalog_seq: u64,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// There is no `store.json`.
    #[error("there is no store")]
    NotAStore,
    /// It was made by a later version.
    #[error("the store has format {found}, which needs a newer version")]
    NewerFormat {
        /// Its format.
        found: u64,
    },
    /// It has features that a reader must know.
    #[error("the store has features that this version does not know: {}", .names.join(", "))]
    UnknownFeatures {
        /// Their names.
        names: Vec<String>,
    },
    /// An object that describes the store is not what was written, or is not there.
    #[error("the object {key} of the store is damaged")]
    Damaged {
        /// The object.
        key: ObjectKey,
    },
    /// The storage failed.
    #[error("open the store")]
    Store(#[source] BlobError),
}

impl ImageStore {
    /// Opens the store in `blobs`. To be called within the runtime that its objects are read and written by.
    pub async fn open(blobs: BlobStore, known: &Known, options: &StoreOptions) -> Result<Self, OpenStoreError> {
        let bytes = match blobs.get(&ObjectKey::StoreFile).await {
            Err(BlobError::NotFound { .. }) => return Err(OpenStoreError::NotAStore),
            read => read.map_err(OpenStoreError::Store)?,
        };
        let file = StoreFile::decode(&bytes)?;
        let (access, lock) = match find_access(&blobs, &file, known).await? {
            Access::ReadWrite => lock(&blobs, &file, known, options.sharing).await?,
            read_only @ Access::ReadOnly(_) => (read_only, None),
        };
        Ok(Self::new(file.uuid, blobs, access, lock, options))
    }
}

/// Takes the writer's lock. Only who may write asks for it, so that a stranger never stands in the owner's way.
async fn lock(
    blobs: &BlobStore,
    file: &StoreFile,
    known: &Known,
    sharing: Sharing,
) -> Result<(Access, Option<WriterLock>), OpenStoreError> {
    match blobs.lock_for_writing(sharing) {
        // Another may have written and gone since the store was looked at.
        Ok(Some(lock)) => match find_access(blobs, file, known).await? {
            Access::ReadWrite => {
                if sharing == Sharing::Alone {
                    blobs.remove_unfinished().await.map_err(OpenStoreError::Store)?;
                }
                Ok((Access::ReadWrite, Some(lock)))
            }
            read_only @ Access::ReadOnly(_) => Ok((read_only, None)),
        },
        Ok(None) => Ok((Access::ReadOnly(ReadOnlyReason::InUse), None)),
        Err(BlobError::Directory { source, .. })
            if matches!(source.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) =>
        {
            Ok((Access::ReadOnly(ReadOnlyReason::NotWritable), None))
        }
        Err(error) => Err(OpenStoreError::Store(error)),
    }
}

async fn find_access(blobs: &BlobStore, file: &StoreFile, known: &Known) -> Result<Access, OpenStoreError> {
    let facts = Facts {
        owner: read_owner(blobs).await?,
        epoch: highest(blobs, ObjectKind::Epoch).await?,
        catalog_seq: highest(blobs, ObjectKind::Catalog).await?,
        ro_compat: file.ro_compat.clone(),
    };
    Ok(decide_access(known, facts))
}

/// What was found in the store.
#[derive(Clone, Debug)]
struct Facts {
    owner: InstallationUuid,
    epoch: Option<u64>,
    catalog_seq: Option<u64>,
    ro_compat: Vec<String>,
}

fn decide_access(known: &Known, facts: Facts) -> Access {
    if facts.owner != known.installation {
        return Access::ReadOnly(ReadOnlyReason::OtherInstallation { owner: facts.owner });
    }
    if !facts.ro_compat.is_empty() {
        return Access::ReadOnly(ReadOnlyReason::UnknownFeatures { names: facts.ro_compat });
    }
    if let Some(found) = facts.epoch.filter(|found| *found > known.epoch) {
        return Access::ReadOnly(ReadOnlyReason::HigherEpoch { found, known: known.epoch });
    }
    if let Some(found) = facts.catalog_seq.filter(|found| *found >= known.next_catalog_seq) {
        return Access::ReadOnly(ReadOnlyReason::NewerCatalog { found, next: known.next_catalog_seq });
    }
    Access::ReadWrite
}

async fn read_owner(blobs: &BlobStore) -> Result<InstallationUuid, OpenStoreError> {
    let newest = highest(blobs, ObjectKind::Owner).await?;
    let key = ObjectKey::Owner(newest.unwrap_or(1));
    match blobs.get(&key).await {
        Err(BlobError::NotFound { .. }) => Err(OpenStoreError::Damaged { key }),
        Err(error) => Err(OpenStoreError::Store(error)),
        Ok(bytes) => decode_owner(key, &bytes),
    }
}

/// The highest number of the objects of a kind.
async fn highest(blobs: &BlobStore, kind: ObjectKind) -> Result<Option<u64>, OpenStoreError> {
    let number = |object: ListedObject| match object.key {
        ObjectKey::Owner(number) | ObjectKey::Epoch(number) | ObjectKey::Catalog { seq: number, .. } => Some(number),
        _ => None,
    };
    let objects = blobs.list(kind).await.map_err(OpenStoreError::Store)?;
    Ok(objects.into_iter().filter_map(number).max())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(owner: InstallationUuid) -> Facts {
        Facts { owner, epoch: Some(4), catalog_seq: Some(9), ro_compat: Vec::new() }
    }

    #[test]
    fn only_the_owner_with_a_database_as_new_as_the_store_writes() {
        let (us, them) = (InstallationUuid::random(), InstallationUuid::random());
        let known = Known { installation: us, epoch: 4, next_catalog_seq: 10 };
        let read_only = |known: &Known, facts| match decide_access(known, facts) {
            Access::ReadOnly(reason) => Some(reason),
            Access::ReadWrite => None,
        };
        assert_eq!(read_only(&known, facts(us)), None);
        let nothing = Facts { epoch: None, catalog_seq: None, ..facts(us) };
        assert_eq!(read_only(&Known { epoch: 0, next_catalog_seq: 0, ..known }, nothing), None);
        let other = ReadOnlyReason::OtherInstallation { owner: them };
        assert_eq!(read_only(&known, facts(them)), Some(other));
        let older = Known { epoch: 3, ..known };
        assert_eq!(read_only(&older, facts(us)), Some(ReadOnlyReason::HigherEpoch { found: 4, known: 3 }));
        let older = Known { next_catalog_seq: 9, ..known };
        assert_eq!(read_only(&older, facts(us)), Some(ReadOnlyReason::NewerCatalog { found: 9, next: 9 }));
        let later = Facts { ro_compat: vec!["tape".to_owned()], ..facts(us) };
        let names = vec!["tape".to_owned()];
        assert_eq!(read_only(&known, later), Some(ReadOnlyReason::UnknownFeatures { names }));
    }
}
