//! The layout of the qcow2 files that are handed out, version 1: version 3 of the format, 64 KiB clusters, 16-bit
//! refcounts, no header extensions. Everything in it is a function of the disk's size and of which clusters hold data.
//! ```text
//! | header | refcount table | refcount blocks | L1 table | L2 tables | data clusters |
//! ```
//! * Each part starts at a cluster and fills whole clusters. There is an L2 table for each group of 8192 clusters, 512
//!   MiB of the disk, that has any data; tables and data clusters lie in the disk's order. Each is used once.
//! * What lies before the L2 tables follows from the counts alone, an L2 table from one group's bitmap: any part of the
//!   file can be made without making what is before it.
//! * The bytes of a version never change, so that a checksum once handed out stays right. A better layout is a new
//!   version beside this one.

use super::cluster_bitmap::ClusterBitmap;
use std::ops::Range;

const CLUSTER_BITS: u32 = 16;
const CLUSTER: u64 = 1 << CLUSTER_BITS;
const CLUSTER_LEN: usize = 1 << CLUSTER_BITS;
const ENTRIES: u64 = CLUSTER / 8;
const REFCOUNTS: u64 = CLUSTER / 2;
const TABLE_SPAN: u64 = ENTRIES * CLUSTER;
const SECTOR: u64 = 512;

/// Set in L1 and L2 entries of what is used once.
const COPIED: u64 = 1 << 63;

/// Largest disk: beyond it QEMU refuses the L1 table.
const MAX_SIZE: u64 = (32 << 20) / 8 * TABLE_SPAN;

/// The places of everything in a qcow2 file that holds a given set of data clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qcow2Layout {
    size: u64,
    tables: Vec<PlacedTable>,
    data_clusters: u64,
    /// Clusters of each part, in the order of the file.
    refcount_table: u64,
    refcount_blocks: u64,
    l1: u64,
}

/// An L2 table that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PlacedTable {
    /// Which group of clusters it maps.
    table: u64,
    /// Data clusters of the tables before it.
    first: u64,
}

/// What lies at some place of the file. Each range starts at the offset asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Region {
    /// Header, refcounts and L1 table: [`Qcow2Layout::metadata_bytes`] makes them.
    Metadata {
        /// Bytes of the file, up to the first L2 table.
        range: Range<u64>,
    },
    /// An L2 table: [`Qcow2Layout::l2_bytes`] makes it.
    L2Table {
        /// Bytes of the file, up to the end of the table; their offset in it is `range.start` modulo 64 KiB.
        range: Range<u64>,
        /// Which group of 8192 clusters it maps.
        table: u64,
    },
    /// Data clusters, whose bytes the caller has. The last one of the disk is filled up with zeros.
    Data {
        /// Bytes of the file, up to the end of the table's last data cluster. They start inside the cluster `nth`, at
        /// `range.start` modulo 64 KiB.
        range: Range<u64>,
        /// Which group of 8192 clusters they belong to.
        table: u64,
        /// Which of the group's data clusters, counted from 0, the range starts in.
        nth: u32,
    },
}

/// Why there is no such layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// No qcow2 file can hold so large a disk.
    #[error("a disk of {size} bytes does not fit into a qcow2 file")]
    TooLarge {
        /// Size of the disk.
        size: u64,
    },
    /// The tables do not ascend.
    #[error("table {table} is out of order")]
    OutOfOrder {
        /// The table that is not after the one before it.
        table: u64,
    },
    /// A table with no data, or with more than it has clusters inside the disk.
    #[error("table {table} cannot have {data_clusters} data clusters")]
    InvalidCount {
        /// Which table.
        table: u64,
        /// Data clusters that it should have.
        data_clusters: u32,
    },
    /// A bitmap that is not the one whose counts the layout was made of.
    #[error("table {table} has {expected} data clusters in the layout and {found} in the bitmap")]
    BitmapMismatch {
        /// Which table.
        table: u64,
        /// Data clusters in the layout.
        expected: u32,
        /// Data clusters in the bitmap.
        found: u32,
    },
    /// Bytes that are not all metadata.
    #[error("the {len} bytes at offset {offset} of the file are not all metadata")]
    NotMetadata {
        /// Where the range starts.
        offset: u64,
        /// Its length.
        len: usize,
    },
}

impl Qcow2Layout {
    /// Version of the layout. Whoever remembers a checksum of such a file remembers this with it.
    pub const VERSION: u32 = 1;

    /// Bytes of a cluster.
    pub const CLUSTER_SIZE: u64 = CLUSTER;

    /// The layout for a disk of `size` bytes, rounded up to sectors of 512 because the format has no other sizes.
    /// `data_clusters` tells for each group of 8192 clusters that has any data, ascending, how many clusters have.
    pub fn new(size: u64, data_clusters: impl IntoIterator<Item = (u64, u32)>) -> Result<Self, LayoutError> {
        if size > MAX_SIZE {
            return Err(LayoutError::TooLarge { size });
        }
        let size = size.next_multiple_of(SECTOR);
        let clusters = size.div_ceil(CLUSTER);
        let mut tables = Vec::new();
        let (mut total, mut next_table) = (0, 0);
        for (table, count) in data_clusters {
            if table < next_table {
                return Err(LayoutError::OutOfOrder { table });
            }
            let inside = clusters.saturating_sub(table.saturating_mul(ENTRIES)).min(ENTRIES);
            if count == 0 || u64::from(count) > inside {
                return Err(LayoutError::InvalidCount { table, data_clusters: count });
            }
            tables.push(PlacedTable { table, first: total });
            total += u64::from(count);
            next_table = table + 1;
        }
        // An L1 table of no entries would have no place: an empty disk gets one of one.
        let l1 = clusters.div_ceil(ENTRIES).max(1).div_ceil(ENTRIES);
        let mut layout = Self { size, tables, data_clusters: total, refcount_table: 0, refcount_blocks: 0, l1 };
        layout.count_refcounts();
        Ok(layout)
    }

    /// Refcounts cover themselves: each block more can need another one, until nothing changes. The counts only grow
    /// and each step adds less, so that this ends after a few steps.
    fn count_refcounts(&mut self) {
        loop {
            let blocks = self.clusters().div_ceil(REFCOUNTS);
            let table = blocks.div_ceil(ENTRIES);
            if (blocks, table) == (self.refcount_blocks, self.refcount_table) {
                return;
            }
            (self.refcount_blocks, self.refcount_table) = (blocks, table);
        }
    }

    /// Size of the disk in the file: what it was made for, rounded up to 512 bytes.
    pub fn virtual_size(&self) -> u64 {
        self.size
    }

    /// Length of the file.
    pub fn file_len(&self) -> u64 {
        self.clusters() * CLUSTER
    }

    /// What lies at `offset` of the file and how far it reaches; `None` behind its end.
    pub fn region_at(&self, offset: u64) -> Option<Region> {
        let data_start = self.data_start();
        if offset < self.l2_start() {
            return Some(Region::Metadata { range: offset..self.l2_start() });
        }
        if offset < data_start {
            let index = (offset - self.l2_start()) / CLUSTER;
            let table = self.table(index)?.table;
            return Some(Region::L2Table { range: offset..self.l2_start() + (index + 1) * CLUSTER, table });
        }
        let cluster = (offset - data_start) / CLUSTER;
        if cluster >= self.data_clusters {
            return None;
        }
        let behind = self.tables.partition_point(|table| table.first <= cluster);
        let PlacedTable { table, first } = *self.tables.get(behind.checked_sub(1)?)?;
        let end = self.tables.get(behind).map_or(self.data_clusters, |next| next.first);
        let nth = u32::try_from(cluster - first).ok()?;
        Some(Region::Data { range: offset..data_start + end * CLUSTER, table, nth })
    }

    /// Fills `buf` with the bytes of the file from `offset` on, all of which must be [`Region::Metadata`].
    pub fn metadata_bytes(&self, offset: u64, buf: &mut [u8]) -> Result<(), LayoutError> {
        let len = buf.len();
        let end = u64::try_from(len).ok().and_then(|len| offset.checked_add(len));
        if end.is_none_or(|end| end > self.l2_start()) {
            return Err(LayoutError::NotMetadata { offset, len });
        }
        let mut rest = buf;
        let mut at = offset;
        while !rest.is_empty() {
            let cluster = self.metadata_cluster(at / CLUSTER);
            let from = usize::try_from(at % CLUSTER).unwrap_or(0);
            let source = cluster.get(from..).unwrap_or_default();
            let (piece, behind) = rest.split_at_mut(source.len().min(rest.len()));
            piece.copy_from_slice(source.get(..piece.len()).unwrap_or_default());
            at = (at / CLUSTER + 1) * CLUSTER;
            rest = behind;
        }
        Ok(())
    }

    /// The L2 table of the group `table`, of whose clusters those in `bitmap` have data.
    pub fn l2_bytes(&self, table: u64, bitmap: &ClusterBitmap) -> Result<Vec<u8>, LayoutError> {
        let index = self.tables.partition_point(|placed| placed.table < table);
        let placed = self.tables.get(index).filter(|placed| placed.table == table);
        let first = placed.map_or(0, |placed| placed.first);
        let end = self.tables.get(index + 1).map_or(self.data_clusters, |next| next.first);
        let expected = placed.map_or(0, |_| u32::try_from(end - first).unwrap_or(u32::MAX));
        if bitmap.count() != expected {
            return Err(LayoutError::BitmapMismatch { table, expected, found: bitmap.count() });
        }
        let mut bytes = vec![0; CLUSTER_LEN];
        let (words, _) = bytes.as_chunks_mut();
        for (cluster, place) in bitmap.iter().zip(first..) {
            if let Some(word) = usize::try_from(cluster).ok().and_then(|cluster| words.get_mut(cluster)) {
                *word = (COPIED | (self.data_start() + place * CLUSTER)).to_be_bytes();
            }
        }
        Ok(bytes)
    }

    fn table(&self, index: u64) -> Option<&PlacedTable> {
        self.tables.get(usize::try_from(index).ok()?)
    }

    fn l2_tables(&self) -> u64 {
        u64::try_from(self.tables.len()).unwrap_or(u64::MAX)
    }

    /// Clusters of the whole file.
    fn clusters(&self) -> u64 {
        1 + self.refcount_table + self.refcount_blocks + self.l1 + self.l2_tables() + self.data_clusters
    }

    fn blocks_start(&self) -> u64 {
        (1 + self.refcount_table) * CLUSTER
    }

    fn l1_start(&self) -> u64 {
        self.blocks_start() + self.refcount_blocks * CLUSTER
    }

    fn l2_start(&self) -> u64 {
        self.l1_start() + self.l1 * CLUSTER
    }

    fn data_start(&self) -> u64 {
        self.l2_start() + self.l2_tables() * CLUSTER
    }

    /// The cluster number `index` of the file, which lies before the L2 tables.
    fn metadata_cluster(&self, index: u64) -> Vec<u8> {
        let mut bytes = vec![0; CLUSTER_LEN];
        let blocks = 1 + self.refcount_table;
        let l1 = blocks + self.refcount_blocks;
        if index == 0 {
            let header = self.header();
            bytes.iter_mut().zip(header).for_each(|(byte, value)| *byte = value);
        } else if index < blocks {
            let first = (index - 1) * ENTRIES;
            let entries = (first..self.refcount_blocks).map(|block| self.blocks_start() + block * CLUSTER);
            fill(&mut bytes, entries.map(u64::to_be_bytes));
        } else if index < l1 {
            let first = (index - blocks) * REFCOUNTS;
            fill(&mut bytes, (first..self.clusters()).map(|_| 1_u16.to_be_bytes()));
        } else {
            let first = (index - l1) * ENTRIES;
            let from = self.tables.partition_point(|placed| placed.table < first);
            let (words, _) = bytes.as_chunks_mut();
            for (placed, place) in self.tables.iter().zip(0..).skip(from) {
                let word = usize::try_from(placed.table - first).ok().and_then(|entry| words.get_mut(entry));
                let Some(word) = word else { break };
                *word = (COPIED | (self.l2_start() + place * CLUSTER)).to_be_bytes();
            }
        }
        bytes
    }

    /// The header, field by field as `header.rs` lists them. It is 112 bytes long, so that the compression type, zlib,
    /// is part of it as in the files of QEMU.
    fn header(&self) -> impl Iterator<Item = u8> + use<> {
        let l1_entries = self.size.div_ceil(TABLE_SPAN).max(1);
        let small = |value: u64| u32::try_from(value).expect("MAX_SIZE bounds every count").to_be_bytes();
        let mut bytes = Vec::with_capacity(112);
        bytes.extend(b"QFI\xfb");
        bytes.extend(small(3));
        bytes.extend([0; 12]); // no backing file
        bytes.extend(CLUSTER_BITS.to_be_bytes());
        bytes.extend(self.size.to_be_bytes());
        bytes.extend([0; 4]); // not encrypted
        bytes.extend(small(l1_entries));
        bytes.extend(self.l1_start().to_be_bytes());
        bytes.extend(CLUSTER.to_be_bytes());
        bytes.extend(small(self.refcount_table));
        bytes.extend([0; 12]); // no snapshots
        bytes.extend([0; 24]); // no features
        bytes.extend(small(4)); // 16-bit refcounts
        bytes.extend(small(112));
        bytes.extend([0; 8]); // zlib, padding
        bytes.into_iter()
    }
}

/// Fills `bytes` with values of `N` bytes, as long as there are any and there is room.
fn fill<const N: usize>(bytes: &mut [u8], values: impl Iterator<Item = [u8; N]>) {
    bytes.as_chunks_mut().0.iter_mut().zip(values).for_each(|(place, value)| *place = value);
}

#[cfg(test)]
mod tests;
