//! What each core does with a unit of work: read, compare, hash, compress.

use super::base_leaf::BaseLeaf;
use crate::codec::{CODEC_RAW, SlotCompressor};
use crate::read::{BLOCK_LEN, to_usize};
use crate::segment::{StoredBlock, first_8, stored_check};
use bytes::Bytes;
use imprint_disk_format::{Disk, ReadDiskError};
use imprint_domain::{BLOCK_SIZE, VolumeSize};
use std::ops::Range;
use std::sync::Arc;

/// Blocks to be read, all of one leaf.
pub(super) struct Unit {
    /// Counts units in the order of the volume.
    pub(super) seq: u64,
    pub(super) blocks: Range<u64>,
    /// What the parent has there.
    pub(super) base: Option<Arc<BaseLeaf>>,
}

/// What became of one block.
pub(super) enum Outcome {
    Zero,
    /// The parent's block has the same hash.
    Same,
    Stored(StoredBlock),
}

/// What became of a unit, block by block.
pub(super) struct UnitDone {
    pub(super) seq: u64,
    pub(super) outcomes: Vec<Outcome>,
    /// Bytes of the blocks to be stored.
    pub(super) stored_bytes: usize,
}

/// Bytes read at once, whole blocks: what was read is still in the core's cache when it is hashed.
const READ_LEN: usize = 16 * BLOCK_LEN;

static ZERO_BLOCK: [u8; BLOCK_LEN] = [0; BLOCK_LEN];

/// One thread's buffers.
pub(super) struct Worker<'a> {
    disk: &'a dyn Disk,
    size: VolumeSize,
    compressor: SlotCompressor,
    raw: Vec<u8>,
    packed: Vec<u8>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(disk: &'a dyn Disk, size: VolumeSize) -> std::io::Result<Self> {
        let compressor = SlotCompressor::new()?;
        Ok(Self { disk, size, compressor, raw: vec![0; READ_LEN], packed: Vec::with_capacity(READ_LEN) })
    }

    pub(super) fn process(&mut self, unit: &Unit) -> Result<UnitDone, ReadDiskError> {
        let mut at = unit.blocks.start * BLOCK_SIZE;
        let end = (unit.blocks.end * BLOCK_SIZE).min(self.size.bytes());
        let mut base = unit.base.as_deref().map(|leaf| leaf.of_unit(unit.blocks.start));
        let mut outcomes = Vec::with_capacity(to_usize(unit.blocks.end - unit.blocks.start));
        let (mut drafts, mut stored_bytes) = (Vec::with_capacity(READ_LEN / BLOCK_LEN), 0);
        while at < end {
            let len = to_usize(end - at).min(READ_LEN);
            let raw = self.raw.get_mut(..len.next_multiple_of(BLOCK_LEN)).unwrap_or_default();
            let (inside, beyond) = raw.split_at_mut(len);
            self.disk.read_at(at, inside)?;
            beyond.fill(0);
            self.packed.clear();
            for block in raw.chunks_exact(BLOCK_LEN) {
                let known = base.as_mut().and_then(Iterator::next).flatten();
                drafts.push(Draft::of(block, known, &mut self.compressor, &mut self.packed));
            }
            // One allocation of the right size for all blocks that were read together: what waits for a segment is counted
            // in bytes, and must not hold much more than is counted.
            let packed = Bytes::copy_from_slice(&self.packed);
            stored_bytes += packed.len();
            outcomes.extend(drafts.drain(..).map(|draft: Draft| draft.finish(&packed)));
            at += len as u64;
        }
        Ok(UnitDone { seq: unit.seq, outcomes, stored_bytes })
    }
}

/// An outcome whose bytes still lie in the worker's buffer.
enum Draft {
    Zero,
    Same,
    Stored { hash: [u8; 32], check: u64, codec: u8, place: Range<usize> },
}

impl Draft {
    fn of(block: &[u8], known: Option<&[u8; 32]>, compressor: &mut SlotCompressor, packed: &mut Vec<u8>) -> Self {
        if block == ZERO_BLOCK {
            return Self::Zero;
        }
        let hash = *blake3::hash(block).as_bytes();
        if known == Some(&hash) {
            return Self::Same;
        }
        let (codec, stored) = compressor.compress(block);
        let check = if codec == CODEC_RAW { first_8(&hash) } else { stored_check(stored) };
        let start = packed.len();
        packed.extend_from_slice(stored);
        Self::Stored { hash, check, codec, place: start..packed.len() }
    }

    fn finish(self, packed: &Bytes) -> Outcome {
        match self {
            Self::Zero => Outcome::Zero,
            Self::Same => Outcome::Same,
            Self::Stored { hash, check, codec, place } => {
                Outcome::Stored(StoredBlock { hash, check, codec, bytes: packed.slice(place) })
            }
        }
    }
}
