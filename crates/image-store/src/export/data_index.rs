//! Where the n-th data block of a volume is: the counts of its leaves, added up.

use crate::map_root::MapRoot;
use crate::node::FANOUT;
use crate::read::{ReadError, Reader};

/// Leaves of one L2 table: 8 × 64 MiB are its 512 MiB.
const LEAVES_OF_TABLE: u64 = 8;

/// The leaves that are not zero, 16 bytes each.
#[derive(Debug)]
pub(super) struct DataIndex {
    leaves: Vec<IndexedLeaf>,
    data_blocks: u64,
}

#[derive(Clone, Copy, Debug)]
struct IndexedLeaf {
    /// Which leaf of the volume.
    leaf: u32,
    /// Data blocks of the leaves before it.
    before: u64,
}

impl DataIndex {
    /// Reads all leaves of `root`, one after the other.
    pub(super) fn of(reader: &Reader, root: &MapRoot) -> Result<Self, ReadError> {
        let mut cursor = reader.cursor(root)?;
        let mut index = Self { leaves: Vec::new(), data_blocks: 0 };
        let mut block = 0;
        while let Some(node) = cursor.next_leaf(block)? {
            let leaf = node.first_block() / u64::from(FANOUT);
            let leaf = u32::try_from(leaf).expect("64 TiB have 2^20 leaves");
            index.leaves.push(IndexedLeaf { leaf, before: index.data_blocks });
            index.data_blocks += node.data_blocks();
            block = node.first_block() + u64::from(FANOUT);
        }
        Ok(index)
    }

    /// Data blocks of each L2 table that has any, ascending.
    pub(super) fn tables(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        let tables = self.leaves.chunk_by(|a, b| table_of(a) == table_of(b));
        tables.filter_map(|leaves| {
            let (first, last) = (leaves.first()?, leaves.last()?);
            let behind = self.leaves.partition_point(|leaf| leaf.leaf <= last.leaf);
            let end = self.leaves.get(behind).map_or(self.data_blocks, |next| next.before);
            Some((table_of(first), u32::try_from(end - first.before).ok()?))
        })
    }

    /// Data blocks before those of an L2 table.
    pub(super) fn first_of_table(&self, table: u64) -> u64 {
        let first = self.leaves.partition_point(|leaf| table_of(leaf) < table);
        self.leaves.get(first).map_or(self.data_blocks, |leaf| leaf.before)
    }

    /// First block of the leaf that holds data block number `ordinal`, and how many data blocks come before the leaf.
    pub(super) fn leaf_of(&self, ordinal: u64) -> Option<(u64, u64)> {
        let behind = self.leaves.partition_point(|leaf| leaf.before <= ordinal);
        let leaf = self.leaves.get(behind.checked_sub(1)?).filter(|_| ordinal < self.data_blocks)?;
        Some((u64::from(leaf.leaf) * u64::from(FANOUT), leaf.before))
    }
}

fn table_of(leaf: &IndexedLeaf) -> u64 {
    u64::from(leaf.leaf) / LEAVES_OF_TABLE
}
