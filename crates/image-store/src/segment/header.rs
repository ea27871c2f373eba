//! The first 128 bytes of a segment.

use super::{HEADER_LEN, SegmentDefect};
use crate::byte_reader::ByteReader;
use imprint_domain::{BLOCK_SHIFT, StoreUuid};

const MAGIC: [u8; 8] = *b"IMPSEG\r\n";
const FORMAT: u16 = 1;
const HASH_BLAKE3: u8 = 1;
const AEAD_NONE: u8 = 0;
/// What the segment's id covers.
const HASHED: std::ops::Range<usize> = 8..96;

/// The fields of a header that differ between segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Random: no id is ever used twice.
    pub(crate) salt: [u8; 32],
    /// Whose blocks may be shared with these.
    pub(crate) domain: [u8; 16],
    /// The store it was written to first.
    pub(crate) origin: StoreUuid,
    /// Which rewriting of the segment.
    pub(crate) generation: u64,
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(128_u16.to_le_bytes());
        bytes.extend([0; 8]); // incompat, ro_compat
        bytes.extend(BLOCK_SHIFT.to_le_bytes().first());
        bytes.extend([HASH_BLAKE3, AEAD_NONE, 0]);
        bytes.extend([0; 8]); // key_id, reserved
        bytes.extend(self.salt);
        bytes.extend(self.domain);
        bytes.extend(self.origin.as_bytes());
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend([0; 16]);
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes.extend([0; 4]);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, SegmentDefect> {
        Self::fields(bytes).unwrap_or(Err(SegmentDefect::Length(bytes.len() as u64)))
    }

    /// The bytes that the id of the segment covers.
    pub(crate) fn hashed_part(bytes: &[u8]) -> &[u8] {
        bytes.get(HASHED).unwrap_or_default()
    }

    fn fields(bytes: &[u8]) -> Option<Result<Self, SegmentDefect>> {
        let mut reader = ByteReader::new(bytes);
        if reader.array()? != MAGIC {
            return Some(Err(SegmentDefect::Magic));
        }
        let format = reader.u16()?;
        if format != FORMAT {
            return Some(Err(SegmentDefect::Format(format)));
        }
        let header_len = reader.u16()?;
        let incompat = reader.u32()?;
        let _ro_compat = reader.u32()?;
        let algorithms: [u8; 3] = reader.array()?;
        let mut reserved = reader.zeros::<1>()?;
        let key_id = reader.u32()?;
        reserved &= reader.zeros::<4>()?;
        let (salt, domain) = (reader.array()?, reader.array()?);
        let origin = StoreUuid::from_bytes(reader.array()?);
        let generation = reader.u64()?;
        reserved &= reader.zeros::<16>()?;
        let crc = reader.u32()?;
        reserved &= reader.zeros::<4>()?;
        Some(if crc != crc32c::crc32c(bytes.get(..120)?) {
            Err(SegmentDefect::Checksum)
        } else if incompat != 0 {
            Err(SegmentDefect::Features(incompat))
        } else if !reserved || key_id != 0 {
            Err(SegmentDefect::Reserved)
        } else if usize::from(header_len) != HEADER_LEN
            || u32::from(algorithms[0]) != BLOCK_SHIFT
            || algorithms[1..] != [HASH_BLAKE3, AEAD_NONE]
        {
            Err(SegmentDefect::Algorithm)
        } else {
            Ok(Self { salt, domain, origin, generation })
        })
    }
}
