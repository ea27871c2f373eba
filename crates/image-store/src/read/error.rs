//! Why stored bytes could not be read.

use crate::segment::Defect;
use imprint_blob_store::BlobError;
use imprint_domain::{BlockIndex, SegmentId, StoreUuid};

/// Why a state of a volume could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The caller asked for bytes beyond the end of the volume.
    #[error("{len} bytes at offset {offset} do not lie inside the volume of {size} bytes")]
    OutOfRange {
        /// Where the range starts.
        offset: u64,
        /// Its length.
        len: u64,
        /// The volume's size.
        size: u64,
    },
    /// The root belongs to another store.
    #[error("the root belongs to the store {store}")]
    ForeignRoot {
        /// The store that it belongs to.
        store: StoreUuid,
    },
    /// The store has lost a segment.
    #[error("segment {segment}, needed from block {} on, is missing", .block.0)]
    Missing {
        /// The segment.
        segment: SegmentId,
        /// The first block that needs it.
        block: BlockIndex,
    },
    /// The stored bytes are not what the block map says.
    #[error("slot {slot} of segment {segment}, needed from block {} on, is damaged: {defect}", .block.0)]
    Damaged {
        /// The segment.
        segment: SegmentId,
        /// The slot in it.
        slot: u16,
        /// The block, or the first of those that the damaged node covers.
        block: BlockIndex,
        /// What is wrong.
        defect: Defect,
    },
    /// The storage failed.
    #[error("read segment {segment}")]
    Store {
        /// The segment.
        segment: SegmentId,
        /// Its answer.
        #[source]
        source: BlobError,
    },
    /// A thread that decodes blocks panicked.
    #[error("a reading thread panicked")]
    Panicked,
}
