//! The tables that are read when an image is opened.

use super::header::BackingName;
use super::header::Header;
use super::metadata_defect::MetadataDefect;
use super::metadata_defect::Table;
use super::metadata_map::MetadataMap;
use super::metadata_map::MetadataMapBuilder;
use crate::ImageBytes;
use crate::Limits;
use crate::OpenDiskError;

/// QEMU's own limits: no image that it would open is refused for its tables' size.
const MAX_L1_BYTES: u64 = 32 << 20;
const MAX_REFCOUNT_TABLE_BYTES: u64 = 8 << 20;
const MAX_SNAPSHOTS: u64 = 65536;
const MAX_BACKING_NAME: u32 = 1023;

const READ_AT_ONCE: usize = 256 << 10;

/// Shortest form of an entry of the snapshot table.
const SNAPSHOT_ENTRY: u64 = 40;

const L1_OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
const L1_RESERVED: u64 = 0x7f00_0000_0000_01ff;
const REFCOUNT_TABLE_RESERVED: u64 = 0x1ff;

/// The L1 table of a disk, and where every table of its image lies.
pub(super) struct Tables {
    /// Offset of each L2 table, 0 for none; exactly as many as the disk needs.
    pub(super) l1: Vec<u64>,
    /// Which clusters hold tables.
    pub(super) map: MetadataMap,
}

/// Fails if the image has a backing file.
pub(super) fn refuse_backing_file(bytes: &impl ImageBytes, prefix: &[u8]) -> Result<(), OpenDiskError> {
    let Some(BackingName { offset, len }) = Header::decode_backing_name(prefix)? else { return Ok(()) };
    if len > MAX_BACKING_NAME {
        return Err(OpenDiskError::InvalidHeader { field: "backing_file_size", value: u64::from(len) });
    }
    let mut name = vec![0; usize::try_from(len).unwrap_or(0)];
    // That it has one is the error to report; a name that lies outside the file stays unknown.
    if bytes.read_bytes_at(offset, &mut name).is_err() {
        name.clear();
    }
    Err(OpenDiskError::BackingFile { name: String::from_utf8_lossy(&name).into_owned() })
}

/// Reads the tables that say where the others lie, and checks that each lies inside the file and on top of no other.
pub(super) fn read_tables(
    bytes: &impl ImageBytes,
    file_len: u64,
    header: &Header,
    limits: &Limits,
) -> Result<Tables, OpenDiskError> {
    let geometry = header.geometry;
    if header.size > limits.max_virtual_size {
        return Err(OpenDiskError::TooLarge { size: header.size, max: limits.max_virtual_size });
    }
    let needed = geometry.l1_entries(header.size);
    if header.l1_entries < needed {
        return Err(OpenDiskError::InvalidHeader { field: "l1_size", value: header.l1_entries });
    }
    let mut map = MetadataMapBuilder::new(geometry.cluster_bits(), file_len);
    let refcount_table_len = header.refcount_table_clusters << geometry.cluster_bits();
    place_fixed_tables(&mut map, header, refcount_table_len)?;

    let mut l1 = read_words(bytes, header.l1_offset, header.l1_entries * 8)?;
    for entry in &mut l1 {
        if *entry & L1_RESERVED != 0 {
            return Err(defect(MetadataDefect::ReservedBits { table: Table::L1, entry: *entry }));
        }
        *entry &= L1_OFFSET;
        if *entry != 0 {
            map.place(Table::L2, *entry, geometry.cluster_size()).map_err(defect)?;
        }
    }
    // What lies beyond the disk's end is the state of a virtual machine.
    l1.truncate(usize::try_from(needed).unwrap_or(usize::MAX));

    for entry in read_words(bytes, header.refcount_table_offset, refcount_table_len)? {
        if entry & REFCOUNT_TABLE_RESERVED != 0 {
            return Err(defect(MetadataDefect::ReservedBits { table: Table::RefcountTable, entry }));
        }
        if entry != 0 {
            map.place(Table::RefcountBlock, entry, geometry.cluster_size()).map_err(defect)?;
        }
    }
    Ok(Tables { l1, map: map.finish().map_err(defect)? })
}

/// Places what the header names. That none of it overlaps is checked before any of it is read, so that no table is taken
/// for another one.
fn place_fixed_tables(map: &mut MetadataMapBuilder, header: &Header, refcounts: u64) -> Result<(), OpenDiskError> {
    if header.snapshots > MAX_SNAPSHOTS {
        return Err(OpenDiskError::InvalidHeader { field: "nb_snapshots", value: header.snapshots });
    }
    let snapshots = header.snapshots * SNAPSHOT_ENTRY;
    let tables = [
        (Table::Header, 0, header.len, header.len),
        (Table::L1, header.l1_offset, header.l1_entries * 8, MAX_L1_BYTES),
        (Table::RefcountTable, header.refcount_table_offset, refcounts, MAX_REFCOUNT_TABLE_BYTES),
        (Table::SnapshotTable, header.snapshots_offset, snapshots, snapshots),
    ];
    for (table, offset, bytes, max) in tables {
        if bytes > max {
            return Err(OpenDiskError::TableTooLarge { table, bytes, max });
        }
        if bytes > 0 {
            map.place(table, offset, bytes).map_err(defect)?;
        }
    }
    map.check().map_err(defect)
}

/// Reads the `len` bytes of a table that was placed.
fn read_words(bytes: &impl ImageBytes, offset: u64, len: u64) -> Result<Vec<u64>, OpenDiskError> {
    let mut words = Vec::with_capacity(usize::try_from(len / 8).unwrap_or(0));
    let mut raw = vec![0; READ_AT_ONCE];
    let mut done = 0;
    while done < len {
        let part = usize::try_from(len - done).unwrap_or(usize::MAX).min(READ_AT_ONCE);
        let raw = raw.get_mut(..part).unwrap_or_default();
        bytes.read_bytes_at(offset + done, raw).map_err(OpenDiskError::Read)?;
        words.extend(decode_words(raw));
        done += u64::try_from(part).unwrap_or(len);
    }
    Ok(words)
}

/// The big-endian words of a table.
pub(super) fn decode_words(bytes: &[u8]) -> impl ExactSizeIterator<Item = u64> + '_ {
    bytes.as_chunks().0.iter().map(|word| u64::from_be_bytes(*word))
}

fn defect(defect: MetadataDefect) -> OpenDiskError {
    OpenDiskError::Metadata(defect)
}
