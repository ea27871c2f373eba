//! What all jobs share.

use crate::reconcile::ReconcileError;
use crate::stores::{OpenStorageError, ReconnectError, Stores};
use crate::turns::Turns;
use crate::uploads::Uploads;
use imprint_blob_store::ObjectKind;
use imprint_domain::{
    BackupStorageUuid, Clock, EncodedRoot, ImageFormat, InstallationUuid, LeaseUuid, StorageStatus, StoreUuid,
};
use imprint_image_store::{Access, ImageStore};
use imprint_metadata::{BackupStorageRow, Metadata, MetadataError, NewLease};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, Semaphore};

/// Seconds that a lease lives without being renewed.
pub(crate) const LEASE_SECONDS: i64 = 600;

/// How often, and how long each time, a store is waited for that somebody holds.
const CLOSING_TRIES: u32 = 50;
const CLOSING_PAUSE: Duration = Duration::from_millis(100);

/// Each uses all cores and its own memory budget: one more than one, so that a small backup does not wait for a large.
const WRITERS_AT_A_TIME: usize = 2;

/// Each uses all cores: one more than one, so that a small restore does not wait for a large.
const RESTORES_AT_A_TIME: usize = 2;

/// What jobs are started with.
pub struct JobsSettings {
    /// The metadata.
    pub metadata: Metadata,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Which server this is: the holder of its leases.
    pub node: String,
    /// Whose stores are written.
    pub installation: InstallationUuid,
    /// Whether other servers share the database, and with it the stores.
    pub shared: bool,
    /// The data directory: files that are fetched lie there until they are stored.
    pub data: PathBuf,
    /// Bytes of a file that an image is added from, at most.
    pub max_image_size: u64,
    /// Whether images may be fetched from private addresses.
    pub allow_private_sources: bool,
    /// Bytes that a running backup may hold in memory; at most two run at once.
    pub memory_budget: usize,
    /// Whether the digests of new images are computed without being asked for.
    pub automatic_digests: bool,
}

/// Runs jobs. Cloning is cheap.
#[derive(Clone)]
pub struct Jobs(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) settings: JobsSettings,
    pub(crate) stores: Stores,
    /// Held while a store is opened: this process locks each store for itself once.
    opening: Arc<Mutex<()>>,
    /// One publisher a storage at a time, so that batches go out in order.
    pub(crate) publishing: Turns<BackupStorageUuid>,
    /// One reconciliation a storage at a time.
    pub(crate) reconciling: Turns<BackupStorageUuid>,
    pub(crate) image_made: Notify,
    pub(crate) uploads: Uploads,
    /// Digests that clients wait for: one computation for each content and form.
    pub(crate) digesting: Turns<(EncodedRoot, ImageFormat)>,
    /// Writers that run at a time; others wait, so that memory stays bounded.
    pub(crate) writers: Semaphore,
    /// Files of volumes that are written at a time.
    pub(crate) restores: Semaphore,
    /// Comparisons at a time.
    pub(crate) comparisons: Arc<Semaphore>,
    pub(crate) stopping: AtomicBool,
    pub(crate) stopped: Notify,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").field("node", &self.0.settings.node).finish_non_exhaustive()
    }
}

/// An open store whose storage has no row yet. No other store is opened until it is kept or dropped: as soon as there is a
/// row, somebody might open the same store again.
#[derive(Debug)]
pub struct AdmittedStore {
    jobs: Jobs,
    store: ImageStore,
    _opening: OwnedMutexGuard<()>,
}

impl AdmittedStore {
    /// The store's own id.
    pub fn uuid(&self) -> StoreUuid {
        self.store.uuid()
    }

    /// It is that storage's store from now on.
    pub fn keep(self, storage: BackupStorageUuid) {
        self.jobs.0.stores.insert(storage, self.store);
    }
}

impl Jobs {
    /// Jobs that have no open store yet.
    pub fn new(settings: JobsSettings) -> Self {
        Self(Arc::new(Shared {
            settings,
            stores: Stores::default(),
            opening: Arc::default(),
            publishing: Turns::default(),
            reconciling: Turns::default(),
            image_made: Notify::new(),
            uploads: Uploads::default(),
            digesting: Turns::default(),
            writers: Semaphore::new(WRITERS_AT_A_TIME),
            restores: Semaphore::new(RESTORES_AT_A_TIME),
            comparisons: Arc::new(Semaphore::new(1)),
            stopping: AtomicBool::new(false),
            stopped: Notify::new(),
        }))
    }

    /// The open stores.
    pub fn stores(&self) -> &Stores {
        &self.0.stores
    }

    /// Opens a storage's store, or makes it if its directory is empty and it was never opened before.
    pub async fn connect(&self, storage: &BackupStorageRow) -> Result<StoreUuid, OpenStorageError> {
        let _opening = self.0.opening.lock().await;
        let store = crate::stores::connect(&self.0.settings, storage).await?;
        Ok(self.0.stores.insert(storage.uuid, store).uuid())
    }

    /// Opens a storage's store anew. The old one is closed before: its lock would be in the way.
    ///
    /// # Errors
    /// When work on the store runs on, or the store cannot be opened; it is then not open any more.
    pub async fn reconnect(&self, storage: &BackupStorageRow) -> Result<StoreUuid, ReconnectError> {
        let _opening = self.0.opening.lock().await;
        self.close(storage.uuid).await?;
        let store = crate::stores::connect(&self.0.settings, storage).await.map_err(ReconnectError::Open)?;
        Ok(self.0.stores.insert(storage.uuid, store).uuid())
    }

    /// Closes the store of a storage that goes.
    ///
    /// # Errors
    /// When work on it runs on; it then stays open.
    pub async fn disconnect(&self, storage: BackupStorageUuid) -> Result<(), ReconnectError> {
        let _opening = self.0.opening.lock().await;
        self.close(storage).await
    }

    /// Takes a store out and waits a little until nobody holds it; puts it back if somebody goes on.
    async fn close(&self, storage: BackupStorageUuid) -> Result<(), ReconnectError> {
        let Some(store) = self.0.stores.remove(storage) else { return Ok(()) };
        for _ in 0..CLOSING_TRIES {
            if !store.is_shared() {
                return Ok(());
            }
            tokio::time::sleep(CLOSING_PAUSE).await;
        }
        self.0.stores.insert(storage, store);
        Err(ReconnectError::InUse)
    }

    /// Bounds what a storage's open store may hold as its row says.
    pub async fn bound(&self, storage: &BackupStorageRow) {
        if let Some(store) = self.0.stores.get(storage.uuid) {
            crate::stores::bound(&store, storage).await;
        }
    }

    /// Bytes that a storage's open store consists of; `None` when it is not open, or cannot be listed.
    pub async fn used_bytes(&self, storage: BackupStorageUuid) -> Option<u64> {
        self.0.stores.get(storage)?.used_bytes().await.ok()
    }

    /// Whether a storage's store is open and can be written to and read, as far as can be told without doing so.
    pub async fn is_healthy(&self, storage: BackupStorageUuid) -> bool {
        let Some(store) = self.0.stores.get(storage) else { return false };
        !store.is_poisoned() && store.blobs().list(ObjectKind::StoreFile).await.is_ok_and(|found| !found.is_empty())
    }

    /// Whether other servers share the database.
    pub fn is_shared(&self) -> bool {
        self.0.settings.shared
    }

    /// Opens a storage's store by what metadata know of it now, in the place of the one that is open.
    pub(crate) async fn open_again(&self, storage: BackupStorageUuid) -> Result<(), ReconcileError> {
        let _opening = self.0.opening.lock().await;
        let row = self.0.settings.metadata.backup_storage(storage).await?.ok_or(ReconcileError::NotConnected)?;
        let store = crate::stores::connect(&self.0.settings, &row).await.map_err(|error| {
            tracing::error!(%error, %storage, "a store cannot be opened for writing");
            ReconcileError::NotConnected
        })?;
        self.0.stores.replace(storage, store);
        Ok(())
    }

    /// The open store of a storage. One that another server has added, or connected, since this one started is opened now.
    pub(crate) async fn store(&self, storage: BackupStorageUuid) -> Result<Option<ImageStore>, MetadataError> {
        if let Some(open) = self.0.stores.get(storage) {
            return Ok(Some(open));
        }
        let _opening = self.0.opening.lock().await;
        if let Some(open) = self.0.stores.get(storage) {
            return Ok(Some(open));
        }
        let row = self.0.settings.metadata.backup_storage(storage).await?;
        let Some(row) = row.filter(|row| row.status == StorageStatus::Connected && row.store.is_some()) else {
            return Ok(None);
        };
        match crate::stores::connect(&self.0.settings, &row).await {
            Ok(store) => Ok(Some(self.0.stores.insert(storage, store))),
            Err(error) => {
                tracing::warn!(%error, %storage, url = row.url, "a storage that another server uses cannot be opened here");
                Ok(None)
            }
        }
    }

    /// Why a storage's open store takes no changes; `None` when it does, or when it is not open.
    pub fn read_only_reason(&self, storage: BackupStorageUuid) -> Option<String> {
        match self.0.stores.get(storage)?.access() {
            Access::ReadOnly(reason) => Some(reason.to_string()),
            Access::ReadWrite => None,
        }
    }

    /// Makes a store in an empty directory, or opens the one that lies there, for a storage that is about to be added.
    pub async fn admit_store(&self, path: &Path) -> Result<AdmittedStore, OpenStorageError> {
        let opening = Arc::clone(&self.0.opening).lock_owned().await;
        let store = crate::stores::admit(&self.0.settings, path).await?;
        Ok(AdmittedStore { jobs: self.clone(), store, _opening: opening })
    }

    /// An image was made: its digests may be wanted.
    pub fn image_made(&self) {
        self.0.image_made.notify_one();
    }

    /// Starts what runs in the background.
    pub fn start_background(&self) {
        crate::background::start(self);
    }

    /// Stops what runs: backups end with an error and are taken back.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Release);
        self.0.stopped.notify_waiters();
    }

    /// Whether everything is to end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
    }

    /// A lease of this server.
    pub(crate) fn new_lease(&self, storage: BackupStorageUuid, purpose: &'static str) -> NewLease {
        NewLease {
            uuid: LeaseUuid::random(),
            storage,
            purpose,
            node: self.0.settings.node.clone(),
            pinned_root: None,
            expires: self.0.settings.clock.now().plus_seconds(LEASE_SECONDS),
        }
    }
}
