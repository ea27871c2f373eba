//! The writing half of everything that brings content into a store: backups, templates of volumes, added images, copies.
//!
//! The caller has taken a lease, which pins the parent, and commits afterwards: what is written here is durable when it
//! returns, and belongs to nobody until that commit. After a failure it is left for collection.

use crate::Jobs;
use crate::store_leases::StoreLeases;
use crate::throttle::Throttled;
use crate::watch::{Ending, Watch, until};
use crate::work::Work;
use imprint_disk_format::{Disk, ReadDiskError};
use imprint_domain::{AccountUuid, BackupStorageUuid, LeaseUuid, VolumeSize};
use imprint_image_store::{
    Access, ChangeRun, Consolidation, ImageStore, MapRoot, ReadError, WriteError, WriteRequest, Written,
};
use imprint_metadata::MetadataError;
use std::error::Error;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::SemaphorePermit;
use tokio::task::JoinSet;

/// What is known of the blocks of a content, run by run.
pub(crate) type Runs<'a> = Box<dyn Iterator<Item = Result<ChangeRun, Box<dyn Error + Send + Sync>>> + 'a>;

/// Something that can be written into a store.
pub(crate) trait Content: Send + Sync + 'static {
    /// Its bytes.
    fn disk(&self) -> &dyn Disk;

    /// What is known of its blocks without reading them.
    fn runs(&self) -> Runs<'_>;
}

/// A state that is about to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewState {
    /// The storage whose store it goes into.
    pub(crate) storage: BackupStorageUuid,
    /// The lease that the caller has taken for it.
    pub(crate) lease: LeaseUuid,
    /// The state that it shares blocks with, pinned by that lease.
    pub(crate) parent: Option<MapRoot>,
    /// Whose blocks these are.
    pub(crate) owner: AccountUuid,
    /// What else is tidied up.
    pub(crate) consolidation: Consolidation,
    /// Bytes a second that may be read from the content.
    pub(crate) read_limit: Option<u64>,
}

/// Why a state was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteStateError {
    /// The content cannot be read, or changed meanwhile.
    #[error("read the content")]
    Content(#[source] ReadDiskError),
    /// The content lies in a store that is damaged there, or that failed.
    #[error("read the copy")]
    Stored(#[source] ReadError),
    /// The store may only be read.
    #[error("the store is read-only: {reason}")]
    ReadOnly {
        /// Why.
        reason: String,
    },
    /// The store has no space left.
    #[error("the store has no space left")]
    StorageFull,
    /// What the parent stored is damaged.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// Which segment and block.
        what: String,
    },
    /// The work had to end early.
    #[error(transparent)]
    Ended(#[from] Ending),
    /// Writing to the store failed, now or earlier: it takes nothing more until it is opened again.
    #[error("write to the store")]
    StorageFailed(#[source] WriteError),
    /// The writer failed otherwise.
    #[error("write the store")]
    Write(#[source] WriteError),
    /// The content is larger than any volume may be.
    #[error(transparent)]
    TooLarge(#[from] imprint_domain::VolumeTooLarge),
    /// A thread of ours panicked.
    #[error("a writing thread panicked")]
    Panicked,
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl Jobs {
    /// Waits until one more writer fits into memory. Its turn ends when what is returned is dropped.
    pub(crate) async fn writers_turn(&self, work: &Work) -> Result<SemaphorePermit<'_>, Ending> {
        work.begin_step("wait for other writers", 0..0);
        until(work, self.0.writers.acquire()).await?.map_err(|_| Ending::Stopping)
    }

    /// Writes a content as a new state; the step of `work` that runs shows how far it has come.
    pub(crate) async fn write_state(
        &self,
        state: NewState,
        content: Arc<dyn Content>,
        work: &Work,
    ) -> Result<Written, WriteStateError> {
        let store = self.writable_store(state.storage).await?;
        let size = VolumeSize::new(content.disk().size())?;
        let NewState { lease, parent, owner, consolidation, .. } = state;
        let request = WriteRequest { size, parent, lease, owner, consolidation };
        let metadata = self.0.settings.metadata.clone();
        let leases = StoreLeases { metadata, storage: state.storage, runtime: Handle::current() };
        let watch = Arc::new(Watch::new(self.clone(), work.clone(), size.blocks()));
        // Ends when it is dropped.
        let mut followers = JoinSet::new();
        followers.spawn(Arc::clone(&watch).follow(lease));
        let write = move || write_blocking(&store, &request, &*content, state.read_limit, &leases, &watch);
        tokio::task::spawn_blocking(write).await.map_err(|_| WriteStateError::Panicked)?
    }

    /// A storage's open store, if it may be written to.
    pub(crate) async fn writable_store(&self, storage: BackupStorageUuid) -> Result<ImageStore, WriteStateError> {
        let store = self
            .store(storage)
            .await?
            .ok_or(WriteStateError::ReadOnly { reason: "its store is not open".to_owned() })?;
        match store.access() {
            Access::ReadOnly(reason) => Err(WriteStateError::ReadOnly { reason: reason.to_string() }),
            Access::ReadWrite => Ok(store),
        }
    }
}

fn write_blocking(
    store: &ImageStore,
    request: &WriteRequest,
    content: &dyn Content,
    read_limit: Option<u64>,
    leases: &StoreLeases,
    watch: &Watch,
) -> Result<Written, WriteStateError> {
    let disk = content.disk();
    let throttled = read_limit.map(|limit| Throttled::new(disk, limit, watch));
    let read: &dyn Disk = throttled.as_ref().map_or(disk, |throttled| throttled);
    let written = store.write(request, read, content.runs(), leases, watch);
    let written = written.map_err(|error| refused(error, watch.ending()))?;
    // A file that grew, shrank or was replaced while it was read is nobody's point in time.
    disk.check_unchanged().map_err(unreadable)?;
    Ok(written)
}

/// What a writer's failure means to whoever asked for the state.
fn refused(error: WriteError, ending: Option<Ending>) -> WriteStateError {
    match error {
        WriteError::Disk(error) => unreadable(error),
        // What a disk or a tree says of its blocks is read by us, and is as hostile as the rest of it.
        WriteError::Changes(source) => match source.downcast::<ReadDiskError>().map(|error| *error) {
            Ok(error) => unreadable(error),
            Err(source) => match source.downcast::<ReadError>() {
                Ok(error) => WriteStateError::Stored(*error),
                Err(source) => WriteStateError::Write(WriteError::Changes(source)),
            },
        },
        WriteError::StorageFull => WriteStateError::StorageFull,
        WriteError::Cancelled => ending.unwrap_or(Ending::Stopping).into(),
        WriteError::Parent(error) => WriteStateError::Damaged { what: error.to_string() },
        WriteError::LeaseGone => Ending::LeaseGone.into(),
        WriteError::ReadOnly(reason) => WriteStateError::ReadOnly { reason: reason.to_string() },
        error @ (WriteError::Store(_) | WriteError::Poisoned) => WriteStateError::StorageFailed(error),
        error => WriteStateError::Write(error),
    }
}

/// Tells a disk's own failure from that of the store behind it.
fn unreadable(error: ReadDiskError) -> WriteStateError {
    match error {
        ReadDiskError::Read { offset, source } => match source.downcast::<ReadError>() {
            Ok(error) => WriteStateError::Stored(error),
            Err(source) => WriteStateError::Content(ReadDiskError::Read { offset, source }),
        },
        error => WriteStateError::Content(error),
    }
}
