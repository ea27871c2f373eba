//! The directory of a segment: what each slot holds and where. Authentic as a whole, because the segment's id is
//! computed from it.

use super::footer::Footer;
use super::{ENTRY_LEN, FOOTER_LEN, HEADER_LEN, SegmentDefect, SegmentHeader, SlotDefect, SlotEntry, SlotKind};
use imprint_domain::SegmentId;
use std::ops::Range;

const ID_CONTEXT: &str = "imprint 2026-11 segment id v1";

/// A segment's directory, its hashes compared with the segment's id.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) id: SegmentId,
    /// Which object of the segment it was read from.
    pub(crate) generation: u64,
    payload_end: u64,
    entries: Vec<SlotEntry>,
}

impl Directory {
    /// Decodes the directory out of the object's header and its last bytes, which reach back to the directory's start,
    /// and computes the segment's id.
    pub(crate) fn decode(header: &[u8], suffix: &[u8], object_len: u64) -> Result<Self, SegmentDefect> {
        let footer = footer_of(suffix, object_len)?;
        let fields = SegmentHeader::decode(header)?;
        if fields.generation != footer.generation {
            return Err(SegmentDefect::Footer);
        }
        let directory_len = usize::from(footer.slots) * ENTRY_LEN;
        let start = suffix.len().checked_sub(FOOTER_LEN + directory_len).ok_or(SegmentDefect::Footer)?;
        let bytes = suffix.get(start..start + directory_len).ok_or(SegmentDefect::Footer)?;
        let (chunks, _) = bytes.as_chunks::<ENTRY_LEN>();
        let entries: Vec<_> = chunks.iter().filter_map(SlotEntry::decode).collect();
        let id = compute_id(header, &entries);
        Ok(Self { id, generation: footer.generation, payload_end: footer.directory_offset, entries })
    }

    /// Number of slots.
    pub(crate) fn slots(&self) -> usize {
        self.entries.len()
    }

    /// The entry of `slot`.
    pub(crate) fn entry(&self, slot: u16) -> Option<&SlotEntry> {
        self.entries.get(usize::from(slot))
    }

    /// The entry of `slot`, and where its bytes lie, if it can be read as `kind`.
    pub(crate) fn readable(&self, slot: u16, kind: SlotKind) -> Result<(&SlotEntry, Range<u64>), SlotDefect> {
        let entry = self.entry(slot).ok_or(SlotDefect::Absent)?;
        Ok((entry, entry.place(kind, self.payload_end)?))
    }

    /// The content hash of `slot`, if a writer may point at it as a block.
    pub(crate) fn shareable_hash(&self, slot: u16) -> Option<[u8; 32]> {
        let entry = self.entry(slot)?;
        entry.is_shareable_block(self.payload_end).then_some(entry.hash)
    }

    /// What it weighs in a cache.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() + self.entries.capacity() * size_of::<SlotEntry>()
    }
}

/// The id of the segment with this header and these entries.
pub(super) fn compute_id(header: &[u8], entries: &[SlotEntry]) -> SegmentId {
    let mut hasher = blake3::Hasher::new_derive_key(ID_CONTEXT);
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(HEADER_LEN + entries.len() * 40);
    bytes.extend(SegmentHeader::hashed_part(header));
    bytes.extend(count.to_le_bytes());
    for entry in entries {
        bytes.extend(entry.hashed_part());
    }
    hasher.update(&bytes);
    SegmentId::from_bytes(*hasher.finalize().as_bytes())
}

fn footer_of(suffix: &[u8], object_len: u64) -> Result<Footer, SegmentDefect> {
    let (_, footer) = suffix.split_last_chunk::<FOOTER_LEN>().ok_or(SegmentDefect::Length(object_len))?;
    Footer::decode(footer, object_len)
}
