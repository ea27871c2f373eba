//! Why a state could not be written.

use crate::leases::LeaseError;
use crate::read::ReadError;
use crate::store::ReadOnlyReason;
use imprint_blob_store::BlobError;
use imprint_disk_format::ReadDiskError;
use std::error::Error;
use std::ops::Range;

/// Why a new state was not written. What was stored on the way is nobody's: a collection takes it.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The store may only be read.
    #[error("the store is read-only: {0}")]
    ReadOnly(ReadOnlyReason),
    /// An earlier write failed in a way after which the storage cannot be trusted; opening the store again clears it.
    #[error("an earlier write to the store failed; it must be opened again")]
    Poisoned,
    /// The lease has ended: what was written may be taken by a collection.
    #[error("the writer's lease has ended")]
    LeaseGone,
    /// Metadata did not answer.
    #[error("record a segment in metadata")]
    Lease(#[source] Box<dyn Error + Send + Sync>),
    /// The caller's runs have a gap, overlap, or do not end where the volume does.
    #[error("runs of blocks must go on at {expected}, not {}..{}", .found.start, .found.end)]
    Runs {
        /// The next block.
        expected: u64,
        /// The run that came.
        found: Range<u64>,
    },
    /// The caller could not say what has changed.
    #[error("find out what has changed")]
    Changes(#[source] Box<dyn Error + Send + Sync>),
    /// The disk could not be read.
    #[error("read the disk")]
    Disk(#[source] ReadDiskError),
    /// A part of the parent that is to be shared cannot be read. A backup without that parent does not need it.
    #[error("read the parent's block map")]
    Parent(#[source] ReadError),
    /// No room is left, or only what metadata and collection need.
    #[error("no space left in the store")]
    StorageFull,
    /// The storage failed. It is poisoned from now on.
    #[error("write to the store")]
    Store(#[source] BlobError),
    /// The caller wanted it to stop.
    #[error("cancelled")]
    Cancelled,
    /// A worker panicked, or the system has no random bytes or memory for it.
    #[error("a writing thread broke down")]
    WorkerBroken,
}

impl From<LeaseError> for WriteError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Gone => Self::LeaseGone,
            LeaseError::Failed(source) => Self::Lease(source),
        }
    }
}
