//! A whole segment in memory, for whoever checks one slot by slot.

use super::{Directory, HEADER_LEN, SegmentDefect, SlotDefect, SlotKind};
use bytes::Bytes;
use imprint_domain::SegmentId;

/// The bytes of one segment object and its decoded directory.
#[derive(Debug)]
pub struct Segment {
    bytes: Bytes,
    directory: Directory,
}

impl Segment {
    /// Decodes header, footer and directory. Whether it is the segment one looks for is told by [`Self::id`].
    pub fn decode(bytes: impl Into<Bytes>) -> Result<Self, SegmentDefect> {
        let bytes = bytes.into();
        let header = bytes.get(..HEADER_LEN).ok_or(SegmentDefect::Length(bytes.len() as u64))?;
        let directory = Directory::decode(header, &bytes, bytes.len() as u64)?;
        Ok(Self { bytes, directory })
    }

    /// The id that header and directory hash to.
    pub fn id(&self) -> SegmentId {
        self.directory.id
    }

    /// Which rewriting of the segment it is.
    pub fn generation(&self) -> u64 {
        self.directory.generation
    }

    /// Number of slots, at most 2048.
    pub fn slots(&self) -> u16 {
        u16::try_from(self.directory.slots()).unwrap_or(u16::MAX)
    }

    /// What `slot` holds.
    pub fn kind(&self, slot: u16) -> SlotKind {
        self.directory.entry(slot).map_or(SlotKind::Absent, |entry| entry.kind)
    }

    /// The content of `slot`, its hash compared.
    pub fn read_slot(&self, slot: u16) -> Result<Vec<u8>, SlotDefect> {
        let (entry, place) = self.directory.readable(slot, self.kind(slot))?;
        let place = usize::try_from(place.start).ok().zip(usize::try_from(place.end).ok());
        let stored = place.and_then(|(start, end)| self.bytes.get(start..end)).ok_or(SlotDefect::Place)?;
        let mut raw = vec![0; usize::try_from(entry.raw_len).map_err(|_| SlotDefect::RawLength(entry.raw_len))?];
        entry.decode_content(stored, &mut raw)?;
        Ok(raw)
    }
}
