//! Objects in one storage: a local directory now, through the same trait as the others that come later.

use crate::directory::{create_directories, create_layout, directory_error, free_space, read_range, remove_unfinished};
use crate::object_key::shard_directory;
use crate::writer_lock::LOCK_FILE;
use crate::{BlobError, FreeSpace, ObjectKey, ObjectKind, Sharing, WriterLock};
use bytes::Bytes;
use futures_util::TryStreamExt;
use imprint_domain::SegmentId;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Objects in one storage. Cloning is cheap and names the same storage.
#[derive(Clone, Debug)]
pub struct BlobStore {
    objects: Arc<dyn ObjectStore>,
    /// Where a local store lies.
    root: Option<Arc<PathBuf>>,
}

/// An object found by listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: ObjectKey,
    /// Its length in bytes.
    pub len: u64,
}

/// The end of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suffix {
    /// The last bytes: as many as were asked for, or all there are.
    pub bytes: Bytes,
    /// Length of the whole object.
    pub object_len: u64,
}

impl BlobStore {
    /// The store in the directory `root`, which exists. Everything written there is synced, file and directory, before
    /// it counts as written.
    pub fn open_local(root: &Path) -> Result<Self, BlobError> {
        let root = root.canonicalize().map_err(|source| directory_error(root, source))?;
        let objects = LocalFileSystem::new_with_prefix(&root)
            .map_err(|source| BlobError::list(&root.display().to_string(), source))?
            .with_fsync(true);
        Ok(Self { objects: Arc::new(objects), root: Some(Arc::new(root)) })
    }

    /// Like [`Self::open_local`], after making the directory if it is missing.
    pub fn create_local(root: &Path) -> Result<Self, BlobError> {
        create_directories(root)?;
        Self::open_local(root)
    }

    /// A store over any other backend; tests put their faults in here.
    pub fn from_object_store(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, root: None }
    }

    /// Makes the directories that objects lie in, where the backend has such a thing, and makes them durable.
    pub async fn create_layout(&self) -> Result<(), BlobError> {
        let Some(root) = self.root.clone() else { return Ok(()) };
        let path = Arc::clone(&root);
        let made = tokio::task::spawn_blocking(move || create_layout(&path)).await;
        made.unwrap_or_else(|panic| Err(directory_error(&root, panic.into())))
    }

    /// Takes the right to write here; `None` while others have it who cannot share it. Objects can be read without.
    pub fn lock_for_writing(&self, sharing: Sharing) -> Result<Option<WriterLock>, BlobError> {
        match &self.root {
            Some(root) => WriterLock::take(root, sharing),
            None => Ok(Some(WriterLock::unneeded())),
        }
    }

    /// Removes what puts that were cut short have left, and answers how many there were. Only for who writes here alone:
    /// another's put that is under way looks the same.
    pub async fn remove_unfinished(&self) -> Result<u64, BlobError> {
        let Some(root) = self.root.clone() else { return Ok(0) };
        let path = Arc::clone(&root);
        let removed = tokio::task::spawn_blocking(move || remove_unfinished(&path)).await;
        removed.unwrap_or_else(|panic| Err(directory_error(&root, panic.into())))
    }

    /// Room that is left; `None` where the backend has no such limit. Asks the system, which does not wait for a disk.
    pub fn free_space(&self) -> Result<Option<FreeSpace>, BlobError> {
        self.root.as_deref().map(|root| free_space(root)).transpose()
    }

    /// Writes the object `key`, whose bytes are the `parts` one after the other. On return it is durable; on error no
    /// reader ever sees a part of it.
    pub async fn put(&self, key: &ObjectKey, parts: Vec<Bytes>) -> Result<(), BlobError> {
        self.put_with(key, parts, PutMode::Overwrite).await
    }

    /// Like [`Self::put`], for an object that must not exist yet. A convenience for people's mistakes only: some
    /// backends ignore the condition.
    pub async fn put_new(&self, key: &ObjectKey, parts: Vec<Bytes>) -> Result<(), BlobError> {
        self.put_with(key, parts, PutMode::Create).await
    }

    async fn put_with(&self, key: &ObjectKey, parts: Vec<Bytes>, mode: PutMode) -> Result<(), BlobError> {
        let payload = PutPayload::from_iter(parts);
        let written = self.objects.put_opts(&path_of(key), payload, PutOptions::from(mode)).await;
        written.map(|_| ()).map_err(|source| BlobError::write(*key, source))
    }

    /// The whole object.
    pub async fn get(&self, key: &ObjectKey) -> Result<Bytes, BlobError> {
        let read = async { self.objects.get(&path_of(key)).await?.bytes().await };
        read.await.map_err(|source| BlobError::read(*key, source))
    }

    /// The bytes of `range`.
    pub async fn get_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, BlobError> {
        let end = range.end;
        let mut found = self.get_ranges(key, &[range]).await?;
        found.pop().ok_or(BlobError::TooShort { key: *key, end })
    }

    /// Like [`Self::get_range`], on a thread that may block. A local file is read on the spot: to hand each read to
    /// another thread and to wait for it costs as much as the read.
    pub fn get_range_blocking(&self, key: &ObjectKey, range: Range<u64>, runtime: &Handle) -> Result<Bytes, BlobError> {
        let Some(root) = &self.root else { return runtime.block_on(self.get_range(key, range)) };
        match read_range(&root.join(key.to_string()), &range) {
            Ok(Some(bytes)) => Ok(bytes.into()),
            Ok(None) => Err(BlobError::TooShort { key: *key, end: range.end }),
            Err(error) => Err(BlobError::read_local(*key, error)),
        }
    }

    /// The bytes of each of `ranges`; neighbours are read together.
    pub async fn get_ranges(&self, key: &ObjectKey, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, BlobError> {
        let found = match self.objects.get_ranges(&path_of(key), ranges).await {
            Ok(found) => found,
            Err(source) => return Err(BlobError::read(*key, source)),
        };
        for (range, bytes) in ranges.iter().zip(&found) {
            if u64::try_from(bytes.len()) != Ok(range.end.saturating_sub(range.start)) {
                return Err(BlobError::TooShort { key: *key, end: range.end });
            }
        }
        Ok(found)
    }

    /// The last `len` bytes, and how long the object is.
    pub async fn get_suffix(&self, key: &ObjectKey, len: u64) -> Result<Suffix, BlobError> {
        let options = GetOptions { range: Some(GetRange::Suffix(len)), ..GetOptions::default() };
        let read = async {
            let found = self.objects.get_opts(&path_of(key), options).await?;
            let object_len = found.meta.size;
            Ok(Suffix { bytes: found.bytes().await?, object_len })
        };
        read.await.map_err(|source| BlobError::read(*key, source))
    }

    /// All objects of one kind, in no particular order. Names that are no keys are left out.
    pub async fn list(&self, kind: ObjectKind) -> Result<Vec<ListedObject>, BlobError> {
        match kind.directory() {
            Some(directory) => self.list_in(directory).await,
            None => match self.objects.head(&path_of(&ObjectKey::StoreFile)).await {
                Ok(meta) => Ok(vec![ListedObject { key: ObjectKey::StoreFile, len: meta.size }]),
                Err(object_store::Error::NotFound { .. }) => Ok(Vec::new()),
                Err(source) => Err(BlobError::read(ObjectKey::StoreFile, source)),
            },
        }
    }

    /// The generations of one segment that exist, ascending.
    pub async fn list_generations(&self, id: SegmentId) -> Result<Vec<u64>, BlobError> {
        let objects = self.list_in(&shard_directory(id)).await?;
        let mut generations: Vec<u64> = objects
            .iter()
            .filter_map(|object| match object.key {
                ObjectKey::Segment { id: found, generation } if found == id => Some(generation),
                _ => None,
            })
            .collect();
        generations.sort_unstable();
        Ok(generations)
    }

    /// Names at the top of the storage, of objects and directories, ours and others', but not the lock's.
    pub async fn top_level_names(&self) -> Result<Vec<String>, BlobError> {
        let listed = self.objects.list_with_delimiter(None).await;
        let listed = listed.map_err(|source| BlobError::list("", source))?;
        let objects = listed.objects.iter().map(|object| object.location.to_string());
        let objects = objects.filter(|name| name != LOCK_FILE);
        Ok(listed.common_prefixes.iter().map(ToString::to_string).chain(objects).collect())
    }

    /// Removes an object. Not synced: after a power cut it may be there again.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        self.objects.delete(&path_of(key)).await.map_err(|source| BlobError::delete(*key, source))
    }

    async fn list_in(&self, directory: &str) -> Result<Vec<ListedObject>, BlobError> {
        let found: Vec<_> = self
            .objects
            .list(Some(&ObjectPath::from(directory)))
            .try_collect()
            .await
            .map_err(|source| BlobError::list(directory, source))?;
        let objects = found.iter().filter_map(|meta| {
            let key = meta.location.as_ref().parse().ok()?;
            Some(ListedObject { key, len: meta.size })
        });
        Ok(objects.collect())
    }
}

fn path_of(key: &ObjectKey) -> ObjectPath {
    ObjectPath::from(key.to_string())
}
