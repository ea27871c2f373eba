//! A store: its description, who may write to it, and the way to its states.
//!
//! `store.json` is written last when a store is made, so that a crash in between leaves no store. Which installation may
//! write is told by the `owner` object of the highest number.

mod create;
mod open;
mod store_file;

pub use create::CreateStoreError;
pub use open::Known;
pub use open::OpenStoreError;

use crate::blocking::Border;
use crate::catalog::Catalog;
use crate::leases::Leases;
use crate::read::Reader;
use crate::segment::MAX_DATA_SLOTS;
use crate::write::{ChangeRun, Progress, WriteError, WriteRequest, Written, write_state};
use imprint_blob_store::{BlobError, BlobStore, ObjectKind, Sharing, WriterLock};
use imprint_disk_format::Disk;
use imprint_domain::{InstallationUuid, StoreUuid};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How a store is used by this process.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// Bytes of blocks that one writer may hold in memory, at least [`Self::LEAST_WRITE_MEMORY`].
    pub write_memory: usize,
    /// Blocks of a segment, at most 1024.
    pub segment_blocks: u16,
    /// Bytes of directories and nodes that are kept for all readers.
    pub cache_memory: usize,
    /// Bytes that writers leave free for metadata and collection; `None`: the larger of 1 GiB and 1 %.
    pub reserve: Option<u64>,
    /// Who else may write to it at the same time.
    pub sharing: Sharing,
}

impl StoreOptions {
    /// Below this a writer could not read ahead.
    pub const LEAST_WRITE_MEMORY: usize = 8 << 20;
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            write_memory: 128 << 20,
            segment_blocks: 1024,
            cache_memory: 32 << 20,
            reserve: None,
            sharing: Sharing::Alone,
        }
    }
}

/// What may be done with a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything.
    ReadWrite,
    /// It may only be read.
    ReadOnly(ReadOnlyReason),
}

/// Why a store may only be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnlyReason {
    /// It belongs to another installation.
    #[error("it belongs to the installation {owner}")]
    OtherInstallation {
        /// Its owner.
        owner: InstallationUuid,
    },
    /// A collection was started that the database does not know of: the database is older than the store.
    #[error("it has seen collection {found}, the database only {known}")]
    HigherEpoch {
        /// The store's newest collection.
        found: u64,
        /// The database's.
        known: u64,
    },
    /// A catalog object was written that the database does not know of: the database is older than the store.
    #[error("its catalog has batch {found}, the database would write {next} next")]
    NewerCatalog {
        /// The highest number in the catalog.
        found: u64,
        /// The number that the database would use next.
        next: u64,
    },
    /// Another server of this installation writes to it: most likely one of two copies of a data directory.
    #[error("another server writes to it; stop that one, then restart this one")]
    InUse,
    /// Its directory cannot be written to.
    #[error("its directory cannot be written to")]
    NotWritable,
    /// It has features that a writer must know.
    #[error("it has features that this version cannot write: {}", .names.join(", "))]
    UnknownFeatures {
        /// Their names.
        names: Vec<String>,
    },
}

/// An open store. Cloning is cheap and names the same store.
#[derive(Clone, Debug)]
pub struct ImageStore {
    shared: Arc<StoreShared>,
}

/// What readers, writers and the catalog of a store have in common.
#[derive(Debug)]
pub(crate) struct StoreShared {
    pub(crate) store: StoreUuid,
    pub(crate) blobs: BlobStore,
    pub(crate) access: Access,
    pub(crate) reader: Reader,
    pub(crate) limits: WriterLimits,
    reserve: Option<u64>,
    quota: Quota,
    poisoned: AtomicBool,
    /// Held as long as the store is open for writing.
    _lock: Option<WriterLock>,
}

/// What the store may hold, and what it holds.
#[derive(Debug)]
struct Quota {
    /// Bytes of objects at most.
    limit: AtomicU64,
    /// Bytes of objects; counted only since a limit was set.
    used: AtomicU64,
}

/// What bounds a writer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriterLimits {
    /// Bytes of blocks in memory.
    pub(crate) memory: usize,
    /// Data slots at which a segment is sealed.
    pub(crate) data_slots: u16,
}

impl ImageStore {
    fn new(
        store: StoreUuid,
        blobs: BlobStore,
        access: Access,
        lock: Option<WriterLock>,
        options: &StoreOptions,
    ) -> Self {
        let border = Border::of_current_runtime();
        let reader = Reader::new(store, blobs.clone(), border, options.cache_memory);
        let memory = options.write_memory.max(StoreOptions::LEAST_WRITE_MEMORY);
        let limits = WriterLimits { memory, data_slots: options.segment_blocks.clamp(1, MAX_DATA_SLOTS) };
        let (reserve, poisoned) = (options.reserve, AtomicBool::new(false));
        let quota = Quota { limit: AtomicU64::new(u64::MAX), used: AtomicU64::new(0) };
        let shared = StoreShared { store, blobs, access, reader, limits, reserve, quota, poisoned, _lock: lock };
        Self { shared: Arc::new(shared) }
    }

    /// The store's own id.
    pub fn uuid(&self) -> StoreUuid {
        self.shared.store
    }

    /// What may be done with it.
    pub fn access(&self) -> &Access {
        &self.shared.access
    }

    /// The objects that it consists of.
    pub fn blobs(&self) -> &BlobStore {
        &self.shared.blobs
    }

    /// Reads states of volumes.
    pub fn reader(&self) -> &Reader {
        &self.shared.reader
    }

    /// What the store says of itself.
    pub fn catalog(&self) -> Catalog {
        Catalog::new(Arc::clone(&self.shared))
    }

    /// Bytes of the objects that it consists of: looks at each of them.
    ///
    /// # Errors
    /// When the storage cannot be listed.
    pub async fn used_bytes(&self) -> Result<u64, BlobError> {
        let segments = self.shared.blobs.list(ObjectKind::Segment).await?;
        let catalog = self.shared.blobs.list(ObjectKind::Catalog).await?;
        Ok(segments.iter().chain(&catalog).map(|object| object.len).sum())
    }

    /// Bounds what it may hold, of which so much is used. Writers that have begun are bound, too.
    pub fn set_quota(&self, limit: Option<u64>, used: u64) {
        self.shared.quota.used.store(used, Ordering::Relaxed);
        self.shared.quota.limit.store(limit.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether somebody else holds this store: work on it runs.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }

    /// Whether an earlier write has failed in a way after which this handle writes no more.
    pub fn is_poisoned(&self) -> bool {
        self.shared.poisoned.load(Ordering::Acquire)
    }

    /// Writes a new state of a volume: what `runs` say of `disk`, on the parent that `request` names. Blocks, and works
    /// on all cores; see the crate's documentation. On return the state is durable, and its root may be committed.
    pub fn write<I, E>(
        &self,
        request: &WriteRequest,
        disk: &dyn Disk,
        runs: I,
        leases: &dyn Leases,
        progress: &dyn Progress,
    ) -> Result<Written, WriteError>
    where
        I: IntoIterator<Item = Result<ChangeRun, E>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.shared.check_writable()?;
        let _guard = PoisonOnPanic(&self.shared);
        let written = write_state(&self.shared, request, disk, runs.into_iter(), leases, progress);
        if matches!(written, Err(WriteError::WorkerBroken)) {
            self.shared.poison();
        }
        written
    }
}

/// A writer that panics leaves nobody who knows what is in the storage.
struct PoisonOnPanic<'a>(&'a StoreShared);

impl Drop for PoisonOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.poison();
        }
    }
}

impl StoreShared {
    pub(crate) fn check_writable(&self) -> Result<(), WriteError> {
        match &self.access {
            Access::ReadOnly(reason) => Err(WriteError::ReadOnly(reason.clone())),
            Access::ReadWrite if self.poisoned.load(Ordering::Acquire) => Err(WriteError::Poisoned),
            Access::ReadWrite => Ok(()),
        }
    }

    /// What a failed put means for the writer. Unless the disk is merely full, nobody knows what the storage has kept.
    pub(crate) fn put_failed(&self, error: BlobError) -> WriteError {
        if matches!(error, BlobError::StorageFull { .. }) {
            return WriteError::StorageFull;
        }
        self.poison();
        WriteError::Store(error)
    }

    fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    /// Whether an object of `len` bytes may still be written: metadata and collection need room when all else is full.
    pub(crate) fn check_reserve(&self, len: u64) -> Result<(), WriteError> {
        let used = self.quota.used.fetch_add(len, Ordering::Relaxed);
        if used.saturating_add(len) > self.quota.limit.load(Ordering::Relaxed) {
            self.quota.used.fetch_sub(len, Ordering::Relaxed);
            return Err(WriteError::StorageFull);
        }
        let Some(space) = self.blobs.free_space().map_err(WriteError::Store)? else { return Ok(()) };
        let reserve = self.reserve.unwrap_or_else(|| (space.total / 100).max(1 << 30));
        if space.available.saturating_sub(len) >= reserve { Ok(()) } else { Err(WriteError::StorageFull) }
    }
}
