//! The last 64 bytes of a segment.

use super::{ENTRY_LEN, FOOTER_LEN, HEADER_LEN, MAX_OBJECT_LEN, MAX_SLOTS, SegmentDefect};
use crate::byte_reader::ByteReader;

const MAGIC: [u8; 4] = *b"IMPF";

/// Where everything of a segment lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) directory_offset: u64,
    pub(super) slots: u16,
    pub(super) live: u16,
    pub(super) node_area_offset: u64,
    pub(super) generation: u64,
    /// First half of a BLAKE3 hash over header and directory, for a host that scrubs what it cannot read. Readers
    /// compare the segment id instead, which tells hashes from mere places.
    pub(super) metadata_hash: [u8; 16],
}

impl Footer {
    fn directory_len(&self) -> u32 {
        u32::from(self.slots) * 64
    }

    pub(super) fn object_len(&self) -> u64 {
        self.directory_offset + u64::from(self.directory_len()) + FOOTER_LEN as u64
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FOOTER_LEN);
        bytes.extend(self.directory_offset.to_le_bytes());
        bytes.extend(self.directory_len().to_le_bytes());
        bytes.extend(self.slots.to_le_bytes());
        bytes.extend(self.live.to_le_bytes());
        bytes.extend(self.node_area_offset.to_le_bytes());
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend(self.metadata_hash);
        bytes.extend(self.object_len().to_le_bytes());
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes.extend(MAGIC);
        bytes
    }

    /// The footer of an object of `object_len` bytes: what it says fits the object, and the directory lies inside it.
    pub(super) fn decode(bytes: &[u8], object_len: u64) -> Result<Self, SegmentDefect> {
        if object_len > MAX_OBJECT_LEN {
            return Err(SegmentDefect::Length(object_len));
        }
        Self::fields(bytes, object_len).unwrap_or(Err(SegmentDefect::Length(object_len)))
    }

    fn fields(bytes: &[u8], object_len: u64) -> Option<Result<Self, SegmentDefect>> {
        let mut reader = ByteReader::new(bytes);
        let directory_offset = reader.u64()?;
        let directory_len = reader.u32()?;
        let (slots, live) = (reader.u16()?, reader.u16()?);
        let node_area_offset = reader.u64()?;
        let generation = reader.u64()?;
        let metadata_hash = reader.array()?;
        let stated_len = reader.u64()?;
        let crc = reader.u32()?;
        if reader.array()? != MAGIC {
            return Some(Err(SegmentDefect::Magic));
        }
        if crc != crc32c::crc32c(bytes.get(..56)?) {
            return Some(Err(SegmentDefect::Checksum));
        }
        let footer = Self { directory_offset, slots, live, node_area_offset, generation, metadata_hash };
        let fits = slots <= MAX_SLOTS
            && live <= slots
            && u64::from(directory_len) == u64::from(slots) * ENTRY_LEN as u64
            && stated_len == object_len
            && directory_offset <= object_len
            && footer.object_len() == object_len
            && (HEADER_LEN as u64..=directory_offset).contains(&node_area_offset);
        Some(if fits { Ok(footer) } else { Err(SegmentDefect::Footer) })
    }
}
