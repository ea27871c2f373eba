//! What can be wrong with the metadata of a qcow2 image.

use std::fmt;

/// A kind of table of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// The header.
    Header,
    /// The L1 table: where the L2 tables lie.
    L1,
    /// An L2 table: where clusters lie.
    L2,
    /// The refcount table: where the refcount blocks lie.
    RefcountTable,
    /// A refcount block: how often clusters are used.
    RefcountBlock,
    /// The table of internal snapshots.
    SnapshotTable,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::L1 => "L1 table",
            Self::L2 => "L2 table",
            Self::RefcountTable => "refcount table",
            Self::RefcountBlock => "refcount block",
            Self::SnapshotTable => "snapshot table",
        })
    }
}

/// A defect of an image's metadata. Offsets are offsets in the image file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataDefect {
    /// A table reaches beyond the end of the file.
    #[error("the {table} of {len} bytes at offset {offset} lies outside the file of {file_len} bytes")]
    TableOutsideFile {
        /// Which table.
        table: Table,
        /// Where it should lie.
        offset: u64,
        /// Its length.
        len: u64,
        /// The file's length.
        file_len: u64,
    },
    /// A table does not start where a cluster starts.
    #[error("the {table} at offset {offset} is not aligned to a cluster")]
    TableUnaligned {
        /// Which table.
        table: Table,
        /// Where it should lie.
        offset: u64,
    },
    /// Two tables of different kinds lie in the same cluster.
    #[error("the {first} and the {second} overlap at offset {offset}")]
    TablesOverlap {
        /// One of the tables.
        first: Table,
        /// The other one.
        second: Table,
        /// The cluster that both claim.
        offset: u64,
    },
    /// Two entries name the same table: the metadata loop back on themselves.
    #[error("the {table} at offset {offset} is used twice")]
    TableUsedTwice {
        /// Which table.
        table: Table,
        /// Where it lies.
        offset: u64,
    },
    /// An entry has bits set that must be clear.
    #[error("an entry {entry:#018x} of the {table} has reserved bits set")]
    ReservedBits {
        /// Which table the entry stands in.
        table: Table,
        /// The entry.
        entry: u64,
    },
    /// An entry of an extended L2 table contradicts itself.
    #[error("the subclusters {bitmap:#018x} of the L2 entry {entry:#018x} contradict it")]
    InvalidSubclusters {
        /// First word of the entry.
        entry: u64,
        /// Its second word.
        bitmap: u64,
    },
    /// A data cluster does not start where a cluster starts.
    #[error("the data cluster at offset {offset} is not aligned to a cluster")]
    DataUnaligned {
        /// Where the cluster should lie.
        offset: u64,
    },
    /// Data reach beyond the end of the file: the file was cut off, or the entry is wrong.
    #[error("{len} bytes of data at offset {offset} lie outside the file of {file_len} bytes")]
    DataOutsideFile {
        /// Where the data should lie.
        offset: u64,
        /// Their length.
        len: u64,
        /// The file's length.
        file_len: u64,
    },
    /// Data lie in a cluster that a table occupies.
    #[error("the data at offset {offset} lie on top of the {table}")]
    DataOverTable {
        /// Where the data should lie.
        offset: u64,
        /// Which table.
        table: Table,
    },
}
