//! What the parent's blocks of one leaf hash to, looked up once for all of them.

use super::pieces::UNIT_BLOCKS;
use crate::node::{FANOUT, Node};
use crate::read::{Reader, child_of};
use imprint_domain::BlockIndex;

/// The content hash of each block of a leaf; `None` where the parent's block is zero, or cannot be shared because its
/// segment cannot be read, its slot was dropped, or a reader found it damaged: such a block is stored again, and the leaf
/// that pointed at it replaced.
pub(super) struct BaseLeaf {
    hashes: Vec<Option<[u8; 32]>>,
}

impl BaseLeaf {
    pub(super) fn of(reader: &Reader, leaf: &Node) -> Self {
        let mut hashes = vec![None; usize::from(FANOUT)];
        for run in leaf.runs() {
            let Some(first) = run.target else { continue };
            let block = BlockIndex(leaf.first_block() + u64::from(run.children.start));
            let Ok(directory) = reader.directory(first, block) else { continue };
            let places = hashes.iter_mut().skip(usize::from(run.children.start));
            for (hash, slot) in places.take(run.children.len()).zip(first.slot..) {
                *hash = reader.shareable_hash(&directory, slot);
            }
        }
        Self { hashes }
    }

    /// The hashes of the blocks of a unit that starts at `first`.
    pub(super) fn of_unit(&self, first: u64) -> impl Iterator<Item = Option<&[u8; 32]>> + '_ {
        let skip = usize::from(child_of(0, first));
        let unit = usize::try_from(UNIT_BLOCKS).unwrap_or(usize::MAX);
        self.hashes.iter().skip(skip).take(unit).map(Option::as_ref)
    }
}
