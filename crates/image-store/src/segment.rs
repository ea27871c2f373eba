//! Segment object, format 1, little-endian. Made durable whole, then named by a block map; never changed after.
//!
//! ```text
//! | header 128 | data slots … | node slots … | directory, 64 a slot | footer 64 |
//! ```
//! * The directory holds each slot's content hash over the raw bytes. [`SegmentId`](imprint_domain::SegmentId) is a hash
//!   over the header's fixed fields, a random salt among them, and every slot's kind, raw length and content hash; never
//!   over places or codecs: a rewritten segment keeps its name.
//! * A reader finds everything with one read of the object's end: at most 131136 bytes hold footer and directory.
//! * Node slots lie together before the directory, so that walking a block map reads one suffix a segment.
//! * `raw_len` is checked before anything is allocated, the content hash after decompression. What the id does not cover
//!   (place, codec, flags, check) is range-checked and can at worst make a slot unreadable.
//!
//! ```text
//! header       0 magic "IMPSEG\r\n"  8 format u16 = 1  10 header_len u16 = 128  12 incompat u32  16 ro_compat u32
//!              20 block_shift u8  21 hash_alg u8 (1 BLAKE3)  22 aead u8 (0 none)  23 reserved  24 key_id u32
//!              28 reserved u32  32 salt[32]  64 dedup domain[16]  80 origin store[16]  96 generation u64
//!              104 reserved[16]  120 crc u32  124 reserved u32
//! entry        0 offset u64  8 stored_len u32  12 raw_len u32  16 kind u8 (0 absent, 1 data, 2 node)
//!              17 codec u8 (0 raw, 1 zstd)  18 flags u16 (1 dropped)  20 reserved u32  24 check u64
//!              32 content hash[32]
//! footer       0 directory_offset u64  8 directory_len u32  12 slots u16  14 live u16  16 node_area_offset u64
//!              24 generation u64  32 BLAKE3-128 of header and directory[16]  48 object_len u64  56 crc u32
//!              60 magic "IMPF"
//! ```

mod defect;
mod directory;
mod footer;
mod header;
mod open_segment;
mod slot_entry;
mod whole_segment;

pub use defect::Defect;
pub use defect::SegmentDefect;
pub use defect::SlotDefect;
pub(crate) use directory::Directory;
pub(crate) use header::SegmentHeader;
pub(crate) use open_segment::{OpenSegment, StoredBlock};
pub(crate) use slot_entry::SlotEntry;
pub use slot_entry::SlotKind;
pub use whole_segment::Segment;

/// Bytes of the header.
pub(crate) const HEADER_LEN: usize = 128;
/// Bytes of a directory entry.
pub(crate) const ENTRY_LEN: usize = 64;
/// Bytes of the footer.
pub(crate) const FOOTER_LEN: usize = 64;
/// Most slots of a segment.
pub(crate) const MAX_SLOTS: u16 = 2048;
/// A segment takes this many data slots: 64 MiB of a volume.
pub(crate) const MAX_DATA_SLOTS: u16 = 1024;
/// Longest raw slot.
pub(crate) const MAX_RAW_LEN: u32 = 65536;
/// Longest object.
pub(crate) const MAX_OBJECT_LEN: u64 = 128 << 20;
/// The largest directory and the footer.
pub(crate) const SUFFIX_LEN: u64 = 131_136;

/// First 8 bytes of a BLAKE3 hash over the stored bytes of a slot: what a host can check without any key.
pub(crate) fn stored_check(stored: &[u8]) -> u64 {
    first_8(blake3::hash(stored).as_bytes())
}

/// The check of bytes whose hash is known.
pub(crate) fn first_8(hash: &[u8; 32]) -> u64 {
    hash.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
