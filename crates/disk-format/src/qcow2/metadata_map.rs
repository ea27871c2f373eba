//! Which clusters of an image file hold tables, so that nothing else can.

use super::metadata_defect::MetadataDefect;
use super::metadata_defect::Table;

/// The tables of an image while their places are being collected.
pub(super) struct MetadataMapBuilder {
    cluster_bits: u32,
    file_len: u64,
    /// Cluster number and, in the low [`KIND_BITS`], the index in [`TABLES`] of what it holds: one word a cluster,
    /// because there may be millions.
    clusters: Vec<u64>,
}

/// The tables of an image, none of which overlaps another one.
pub(super) struct MetadataMap {
    cluster_bits: u32,
    /// As in [`MetadataMapBuilder`], ascending.
    clusters: Vec<u64>,
}

const KIND_BITS: u32 = 3;

const TABLES: [Table; 6] =
    [Table::Header, Table::L1, Table::L2, Table::RefcountTable, Table::RefcountBlock, Table::SnapshotTable];

impl MetadataMapBuilder {
    /// No tables yet.
    pub(super) fn new(cluster_bits: u32, file_len: u64) -> Self {
        Self { cluster_bits, file_len, clusters: Vec::new() }
    }

    /// Places a table of `len` bytes at `offset`, which must be aligned and inside the file. The file ends a bound on
    /// how many clusters that can be.
    pub(super) fn place(&mut self, table: Table, offset: u64, len: u64) -> Result<(), MetadataDefect> {
        if offset.trailing_zeros() < self.cluster_bits {
            return Err(MetadataDefect::TableUnaligned { table, offset });
        }
        let Some(end) = offset.checked_add(len).filter(|end| *end <= self.file_len) else {
            return Err(MetadataDefect::TableOutsideFile { table, offset, len, file_len: self.file_len });
        };
        let kind = TABLES.iter().zip(0..).find(|(it, _)| **it == table).map_or(0, |(_, index)| index);
        let clusters = offset >> self.cluster_bits..end.div_ceil(1 << self.cluster_bits);
        self.clusters.extend(clusters.map(|cluster| cluster << KIND_BITS | kind));
        Ok(())
    }

    /// Fails if two of the tables placed so far share a cluster.
    pub(super) fn check(&mut self) -> Result<(), MetadataDefect> {
        self.clusters.sort_unstable();
        let pairs = self.clusters.iter().zip(self.clusters.iter().skip(1));
        for ((cluster, first), (next, second)) in pairs.map(|(one, other)| (decode(*one), decode(*other))) {
            let offset = cluster << self.cluster_bits;
            if cluster == next && first == second {
                return Err(MetadataDefect::TableUsedTwice { table: first, offset });
            }
            if cluster == next {
                return Err(MetadataDefect::TablesOverlap { first, second, offset });
            }
        }
        Ok(())
    }

    /// All tables are placed, and none of them overlaps another one.
    pub(super) fn finish(mut self) -> Result<MetadataMap, MetadataDefect> {
        self.check()?;
        self.clusters.shrink_to_fit();
        Ok(MetadataMap { cluster_bits: self.cluster_bits, clusters: self.clusters })
    }
}

impl MetadataMap {
    /// The first table that the `len` bytes at `offset` touch.
    pub(super) fn table_in(&self, offset: u64, len: u64) -> Option<Table> {
        let last = offset.saturating_add(len.saturating_sub(1)) >> self.cluster_bits;
        let first = (offset >> self.cluster_bits) << KIND_BITS;
        let next = self.clusters.partition_point(|entry| *entry < first);
        let (cluster, table) = self.clusters.get(next).map(|entry| decode(*entry))?;
        (cluster <= last).then_some(table)
    }
}

fn decode(entry: u64) -> (u64, Table) {
    let kind = usize::try_from(entry & ((1 << KIND_BITS) - 1)).unwrap_or(0);
    (entry >> KIND_BITS, TABLES.get(kind).copied().unwrap_or(Table::Header))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> MetadataMapBuilder {
        let mut map = MetadataMapBuilder::new(9, 10 * 512 + 100);
        map.place(Table::Header, 0, 104).unwrap();
        map.place(Table::L1, 1024, 513).unwrap();
        map
    }

    #[test]
    fn data_beside_tables_is_told_from_data_on_top_of_them() {
        let map = builder().finish().unwrap();
        let found = [0, 512, 1024, 1536, 2048, u64::MAX].map(|offset| map.table_in(offset, 512));
        assert_eq!(found, [Some(Table::Header), None, Some(Table::L1), Some(Table::L1), None, None]);
        assert_eq!(map.table_in(512, 513), Some(Table::L1));
    }

    #[test]
    fn tables_outside_the_file_or_between_clusters_are_refused() {
        let outside = builder().place(Table::L2, 10 * 512, 101);
        assert!(matches!(outside, Err(MetadataDefect::TableOutsideFile { table: Table::L2, .. })));
        let wrapping = builder().place(Table::L2, !511, 512);
        assert!(matches!(wrapping, Err(MetadataDefect::TableOutsideFile { .. })));
        assert_eq!(
            builder().place(Table::L2, 513, 1),
            Err(MetadataDefect::TableUnaligned { table: Table::L2, offset: 513 })
        );
    }

    #[test]
    fn two_tables_in_one_cluster_are_refused() {
        let mut map = builder();
        map.place(Table::L2, 1536, 512).unwrap();
        let overlap = MetadataDefect::TablesOverlap { first: Table::L1, second: Table::L2, offset: 1536 };
        assert_eq!(map.finish().err(), Some(overlap));
        let mut map = builder();
        map.place(Table::L2, 2048, 512).unwrap();
        map.place(Table::L2, 2048, 512).unwrap();
        assert_eq!(map.finish().err(), Some(MetadataDefect::TableUsedTwice { table: Table::L2, offset: 2048 }));
    }
}
