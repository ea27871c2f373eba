//! Writes a new state of a volume: full, or on a parent whose unchanged blocks it shares.
//!
//! ```text
//! runs ─▶ pieces ─▶ units ─▶ workers (read, compare, hash, compress) ─▶ in order ─▶ block map, open segment ─▶ storage
//! ```
//! * The caller's thread cuts the runs, hands units of at most 4 MiB to the workers, takes what they made in order, builds the
//!   block map and seals segments, which are put by the runtime while all that goes on. It alone decides: there is no
//!   lock, and nothing that could wait for each other.
//! * Memory is counted in bytes of blocks from the moment a unit is handed out until its segment is durable. What does
//!   not fit waits.
//! * Blocks that were read are never shared with a slot that a reader of this open store has found damaged, nor with a
//!   segment that is lost. Of blocks that the caller says are unchanged nobody could store anything else than the parent's
//!   slots: to mend them, the caller must have them read.
//! * Workers are started as there is work for them: a small backup costs one thread and one object.

mod base_leaf;
mod consolidate;
mod driver;
mod error;
mod map_builder;
mod pieces;
mod segment_sink;
mod worker;

pub use consolidate::Consolidation;
pub use error::WriteError;

use crate::map_root::MapRoot;
use imprint_domain::{AccountUuid, LeaseUuid, VolumeSize};
use std::ops::Range;

pub(crate) use driver::write_state;

/// What a new state is made of.
#[derive(Clone, Copy, Debug)]
pub struct WriteRequest {
    /// Size of the volume.
    pub size: VolumeSize,
    /// The state that it shares blocks with. The caller's lease pins it.
    pub parent: Option<MapRoot>,
    /// The lease that the caller has taken for this writer.
    pub lease: LeaseUuid,
    /// Whose blocks these are: blocks are later only deduplicated within one account.
    pub owner: AccountUuid,
    /// What else is tidied up.
    pub consolidation: Consolidation,
}

/// What the caller knows of a run of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// They may hold anything: they are read.
    Data,
    /// They are zero and are not read.
    Zero,
    /// They are as in the parent and are not read: what is damaged in the parent remains so, even where it is known. Without a parent, and where the volume's size has changed, they are
    /// read as [`Change::Data`] is.
    Unchanged,
}

/// A run of blocks. Runs are ascending and gap-free over the volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRun {
    /// The blocks.
    pub blocks: Range<u64>,
    /// What is known of them.
    pub change: Change,
}

/// How far a writer has come. All counts only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteProgress {
    /// Blocks of the volume that are done, read or not.
    pub blocks_done: u64,
    /// Bytes read from the disk.
    pub bytes_read: u64,
    /// Bytes of objects written.
    pub bytes_stored: u64,
}

/// Who watches a writer. Called often, on the writer's thread.
pub trait Progress {
    /// The writer has come so far.
    fn advanced(&self, progress: WriteProgress);

    /// Whether the writer should stop; it then ends with [`WriteError::Cancelled`].
    fn is_cancelled(&self) -> bool;

    /// The writer has failed and only waits for reads that have begun: a disk that is read slowly should end them.
    fn failed(&self) {}
}

/// A new state, durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The state.
    pub root: MapRoot,
    /// Bytes read from the disk.
    pub bytes_read: u64,
    /// Bytes of objects written.
    pub bytes_stored: u64,
    /// Blocks stored anew.
    pub blocks_stored: u64,
    /// Objects written.
    pub segments: u64,
}
