//! What one entry of an L2 table says.
//! ```text
//! word 1, standard:   63 copied | 62 = 0 | 61..56 reserved | 55..9 host offset | 8..1 reserved | 0 reads as zeros
//! word 1, compressed: 63 copied | 62 = 1 | 61..x  sectors after the first | x-1..0 host offset, of any alignment
//! word 2, extended:   63..32 a bit for each subcluster that reads as zeros | 31..0 one for each that is allocated
//! ```

use super::geometry::EntryForm;
use super::geometry::Geometry;
use super::metadata_defect::MetadataDefect;
use super::metadata_defect::Table;

/// Where the bytes of one unit, a cluster or subcluster, are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nowhere: zeros.
    Hole,
    /// Nowhere, and the image says that they are zeros.
    Zero,
    /// In the data cluster that starts at this offset of the file, at their offset in the cluster.
    Data {
        /// Offset of the cluster in the file.
        cluster: u64,
        /// Whether the image says that nothing else uses the cluster.
        owned: bool,
    },
    /// In a compressed form of the whole cluster.
    Compressed {
        /// Offset in the file.
        host: u64,
        /// Length, rounded up to sectors: what lies after the compressed bytes belongs to something else.
        len: u64,
    },
}

const COPIED: u64 = 1 << 63;
const COMPRESSED: u64 = 1 << 62;
const READS_AS_ZEROS: u64 = 1;
const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
const RESERVED: u64 = 0x3f00_0000_0000_01fe;
const SECTOR: u64 = 512;

/// Decodes an entry for its subcluster number `subcluster`, below 32. `bitmap` is the second word of an extended entry,
/// else 0.
pub(super) fn decode_l2_entry(
    geometry: Geometry,
    entry: u64,
    bitmap: u64,
    subcluster: u32,
) -> Result<Unit, MetadataDefect> {
    if entry & COMPRESSED != 0 {
        if bitmap != 0 {
            return Err(MetadataDefect::InvalidSubclusters { entry, bitmap });
        }
        return Ok(decode_compressed(geometry.cluster_bits(), entry));
    }
    let zero_flag = geometry.entry_form() == EntryForm::ZeroFlag;
    let reserved = if zero_flag { RESERVED } else { RESERVED | READS_AS_ZEROS };
    if entry & reserved != 0 {
        return Err(MetadataDefect::ReservedBits { table: Table::L2, entry });
    }
    let cluster = entry & OFFSET;
    if geometry.in_cluster(cluster) != 0 {
        return Err(MetadataDefect::DataUnaligned { offset: cluster });
    }
    let (allocated, zero) = match geometry.entry_form() {
        EntryForm::Plain | EntryForm::ZeroFlag => (cluster != 0, entry & READS_AS_ZEROS != 0),
        EntryForm::Extended => {
            let (zeros, allocated) = (bitmap >> 32, bitmap & u64::from(u32::MAX));
            if zeros & allocated != 0 || (cluster == 0 && allocated != 0) {
                return Err(MetadataDefect::InvalidSubclusters { entry, bitmap });
            }
            ((allocated >> subcluster) & 1 != 0, (zeros >> subcluster) & 1 != 0)
        }
    };
    Ok(match (allocated, zero) {
        (_, true) => Unit::Zero,
        (true, false) => Unit::Data { cluster, owned: entry & COPIED != 0 },
        (false, false) => Unit::Hole,
    })
}

fn decode_compressed(cluster_bits: u32, entry: u64) -> Unit {
    let offset_bits = 62 - (cluster_bits - 8);
    let host = entry & ((1 << offset_bits) - 1);
    let more_sectors = (entry & (COMPRESSED - 1)) >> offset_bits;
    Unit::Compressed { host, len: (more_sectors + 1) * SECTOR - host % SECTOR }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(form: EntryForm, entry: u64, bitmap: u64, subcluster: u32) -> Result<Unit, MetadataDefect> {
        decode_l2_entry(Geometry::new(16, form).unwrap(), entry, bitmap, subcluster)
    }

    #[test]
    fn standard_entries_name_data_zeros_or_nothing() {
        let form = EntryForm::ZeroFlag;
        assert_eq!(decode(form, 0, 0, 0), Ok(Unit::Hole));
        assert_eq!(decode(form, 1, 0, 0), Ok(Unit::Zero));
        assert_eq!(decode(form, 0x50001, 0, 0), Ok(Unit::Zero));
        assert_eq!(decode(form, 1 << 63 | 0x50000, 0, 0), Ok(Unit::Data { cluster: 0x50000, owned: true }));
        assert_eq!(decode(form, 0x50000, 0, 0), Ok(Unit::Data { cluster: 0x50000, owned: false }));
        assert_eq!(decode(form, 0x50200, 0, 0), Err(MetadataDefect::DataUnaligned { offset: 0x50200 }));
        assert!(matches!(decode(form, 0x50002, 0, 0), Err(MetadataDefect::ReservedBits { .. })));
        assert!(matches!(decode(form, 1 << 56, 0, 0), Err(MetadataDefect::ReservedBits { .. })));
    }

    #[test]
    fn version_2_and_extended_entries_have_no_zero_flag() {
        assert!(matches!(decode(EntryForm::Plain, 1, 0, 0), Err(MetadataDefect::ReservedBits { .. })));
        assert!(matches!(decode(EntryForm::Extended, 1, 0, 0), Err(MetadataDefect::ReservedBits { .. })));
    }

    #[test]
    fn subclusters_are_data_zeros_or_nothing_each() {
        let bitmap = 1 << (32 + 3) | 1 << 5;
        let decode = |entry, bitmap, subcluster| decode(EntryForm::Extended, entry, bitmap, subcluster);
        assert_eq!(decode(0x50000, bitmap, 3), Ok(Unit::Zero));
        assert_eq!(decode(0x50000, bitmap, 4), Ok(Unit::Hole));
        assert_eq!(decode(0x50000, bitmap, 5), Ok(Unit::Data { cluster: 0x50000, owned: false }));
        for (entry, bitmap) in [(0x50000, 1 << 35 | 1 << 3), (0, 1), (COMPRESSED | 0x50000, 1)] {
            assert_eq!(decode(entry, bitmap, 0), Err(MetadataDefect::InvalidSubclusters { entry, bitmap }));
        }
    }

    #[test]
    fn compressed_entries_end_at_a_sector() {
        let entry = COMPRESSED | 2 << 54 | 0x50123;
        assert_eq!(
            decode(EntryForm::ZeroFlag, entry, 0, 0),
            Ok(Unit::Compressed { host: 0x50123, len: 3 * 512 - 0x123 })
        );
        let longest = decode(EntryForm::Plain, COMPRESSED | 0xff << 54, 0, 0);
        assert_eq!(longest, Ok(Unit::Compressed { host: 0, len: 256 * 512 }));
    }
}
