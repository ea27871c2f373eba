//! What a writer needs of metadata while it writes.

use imprint_domain::{LeaseUuid, SegmentId, StoreUuid};
use std::error::Error;

/// The writer's side of the collection protocol. Taking the lease, pinning the parent's root and committing the new one
/// are transactions of the caller; between them the writer tells of every segment.
pub trait Leases {
    /// Inserts the segment's row, owned by `lease`, before its object is written: a collection then knows whose it is.
    /// Blocks until the transaction is durable.
    fn register_segment(
        &self,
        lease: LeaseUuid,
        store: StoreUuid,
        segment: SegmentId,
        generation: u64,
    ) -> Result<(), LeaseError>;

    /// Marks the segment as durable, after its object was written. Blocks until the transaction is durable.
    fn segment_durable(&self, lease: LeaseUuid, store: StoreUuid, segment: SegmentId) -> Result<(), LeaseError>;
}

/// Why metadata did not take a writer's word.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The lease has ended: a collection may take what was written under it.
    #[error("the lease has ended")]
    Gone,
    /// The transaction failed.
    #[error("record a segment in metadata")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}
