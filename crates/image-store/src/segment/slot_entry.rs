//! What a segment's directory says of one slot, and how its bytes are checked and decoded.

use super::{ENTRY_LEN, HEADER_LEN, MAX_RAW_LEN, SlotDefect};
use crate::byte_reader::ByteReader;
use crate::codec::{CODEC_RAW, CODEC_ZSTD, decompress, decompress_exactly};
use bytes::Bytes;
use std::ops::Range;

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// Nothing.
    Absent,
    /// One block of a volume.
    Data,
    /// A node of a block map.
    Node,
    /// Something of a later version.
    Unknown(u8),
}

impl SlotKind {
    const fn code(self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Data => 1,
            Self::Node => 2,
            Self::Unknown(code) => code,
        }
    }

    const fn of(code: u8) -> Self {
        match code {
            0 => Self::Absent,
            1 => Self::Data,
            2 => Self::Node,
            code => Self::Unknown(code),
        }
    }
}

/// Flag: a rewriting left the slot out.
const DROPPED: u16 = 1;

/// One entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotEntry {
    pub(crate) offset: u64,
    pub(crate) stored_len: u32,
    pub(crate) raw_len: u32,
    pub(crate) kind: SlotKind,
    pub(crate) codec: u8,
    pub(crate) flags: u16,
    pub(crate) check: u64,
    /// Over the raw bytes.
    pub(crate) hash: [u8; 32],
}

impl SlotEntry {
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.stored_len.to_le_bytes());
        bytes.extend(self.raw_len.to_le_bytes());
        bytes.extend([self.kind.code(), self.codec]);
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(self.check.to_le_bytes());
        bytes.extend(self.hash);
    }

    pub(super) fn decode(bytes: &[u8; ENTRY_LEN]) -> Option<Self> {
        let mut reader = ByteReader::new(bytes);
        let offset = reader.u64()?;
        let (stored_len, raw_len) = (reader.u32()?, reader.u32()?);
        let kind = SlotKind::of(reader.u8()?);
        let codec = reader.u8()?;
        let flags = reader.u16()?;
        let reserved = reader.u32()?;
        let check = reader.u64()?;
        let hash = reader.array()?;
        // A reserved field that is set changes the meaning in a way this version cannot know.
        let kind = if reserved == 0 { kind } else { SlotKind::Unknown(kind.code()) };
        Some(Self { offset, stored_len, raw_len, kind, codec, flags, check, hash })
    }

    /// What the segment's id covers of the entry.
    pub(super) fn hashed_part(&self) -> [u8; 40] {
        let mut bytes = [0; 40];
        bytes[0] = self.kind.code();
        bytes[4..8].copy_from_slice(&self.raw_len.to_le_bytes());
        bytes[8..].copy_from_slice(&self.hash);
        bytes
    }

    /// Where the stored bytes lie, if the slot can be read as `kind` from a segment whose slots end at
    /// `payload_end`.
    pub(crate) fn place(&self, kind: SlotKind, payload_end: u64) -> Result<Range<u64>, SlotDefect> {
        match self.kind {
            SlotKind::Absent => return Err(SlotDefect::Absent),
            SlotKind::Unknown(_) => return Err(SlotDefect::Kind),
            found if found != kind => return Err(SlotDefect::Kind),
            _ => {}
        }
        if self.flags != 0 {
            return Err(if self.flags & DROPPED != 0 { SlotDefect::Dropped } else { SlotDefect::Kind });
        }
        let length_fits = match kind {
            SlotKind::Data => self.raw_len == MAX_RAW_LEN,
            _ => self.raw_len <= MAX_RAW_LEN,
        };
        if !length_fits {
            return Err(SlotDefect::RawLength(self.raw_len));
        }
        if self.stored_len > self.raw_len {
            return Err(SlotDefect::Place);
        }
        match self.offset.checked_add(u64::from(self.stored_len)) {
            Some(end) if self.offset >= HEADER_LEN as u64 && end <= payload_end => Ok(self.offset..end),
            _ => Err(SlotDefect::Place),
        }
    }

    /// Whether a writer may point at the slot as a block.
    pub(crate) fn is_shareable_block(&self, payload_end: u64) -> bool {
        self.place(SlotKind::Data, payload_end).is_ok() && matches!(self.codec, CODEC_RAW | CODEC_ZSTD)
    }

    /// Decodes the `stored` bytes into `raw`, which has the slot's raw length, and compares the content hash. On error
    /// `raw` holds nothing of use.
    pub(crate) fn decode_content(&self, stored: &[u8], raw: &mut [u8]) -> Result<(), SlotDefect> {
        match self.codec {
            CODEC_RAW if stored.len() == raw.len() => raw.copy_from_slice(stored),
            CODEC_ZSTD if decompress_exactly(stored, raw) => {}
            CODEC_RAW | CODEC_ZSTD => return Err(SlotDefect::Decompress),
            codec => return Err(SlotDefect::Codec(codec)),
        }
        self.check_content(raw)
    }

    /// The slot's bytes: the `stored` ones themselves where they are not compressed, so that nothing is copied.
    pub(crate) fn decode_bytes(&self, stored: Bytes) -> Result<Bytes, SlotDefect> {
        let raw = match self.codec {
            CODEC_RAW if stored.len() == self.raw_len as usize => stored,
            CODEC_ZSTD => decompress(&stored, self.raw_len as usize).map(Bytes::from).ok_or(SlotDefect::Decompress)?,
            CODEC_RAW => return Err(SlotDefect::Decompress),
            codec => return Err(SlotDefect::Codec(codec)),
        };
        self.check_content(&raw)?;
        Ok(raw)
    }

    fn check_content(&self, raw: &[u8]) -> Result<(), SlotDefect> {
        if blake3::hash(raw).as_bytes() == &self.hash { Ok(()) } else { Err(SlotDefect::ContentHash) }
    }
}
