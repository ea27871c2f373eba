//! The name of one state of a volume: what a backup or an image is.
//!
//! ```text
//! 0 version u8 = 1  1 block_shift u8  2 fanout_shift u8  3 height u8 (0 = all zero)  4 flags u32  8 size u64
//! 16 data_blocks u64  24 slot u16  26 reserved[6]  32 SegmentId[32]  64 store uuid[16]  80 reserved[12]  92 crc u32
//! ```

use crate::byte_reader::ByteReader;
use crate::node::{FANOUT_SHIFT, Pointer, height_of};
use imprint_domain::{BLOCK_SHIFT, BLOCK_SIZE, EncodedRoot, SegmentId, StoreUuid, VolumeSize};

const VERSION: u8 = 1;

/// One state of a volume in one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MapRoot {
    store: StoreUuid,
    size: VolumeSize,
    data_blocks: u64,
    /// The top node; `None` when the volume is all zero.
    top: Option<Pointer>,
}

/// Why 96 bytes are not a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeRootError {
    /// The checksum does not match.
    #[error("the root's checksum does not match")]
    Checksum,
    /// A version, block size or fan-out that is not known, or a reserved field that is not zero.
    #[error("the root is of an unknown version")]
    Version,
    /// Size, height and count do not fit together.
    #[error("the root's size, height and count of blocks do not fit together")]
    Shape,
}

impl MapRoot {
    /// A root; `top` has the height that belongs to `size`.
    pub(crate) fn new(store: StoreUuid, size: VolumeSize, top: Option<(Pointer, u64)>) -> Self {
        let data_blocks = top.map_or(0, |(_, data_blocks)| data_blocks);
        Self { store, size, data_blocks, top: top.map(|(pointer, _)| pointer) }
    }

    /// A volume of zeros.
    pub fn zero(store: StoreUuid, size: VolumeSize) -> Self {
        Self::new(store, size, None)
    }

    /// The store that it is a state in.
    pub fn store(&self) -> StoreUuid {
        self.store
    }

    /// Size of the volume.
    pub fn size(&self) -> VolumeSize {
        self.size
    }

    /// Blocks that are not zero.
    pub fn data_blocks(&self) -> u64 {
        self.data_blocks
    }

    /// Bytes of the blocks that are not zero.
    pub fn data_bytes(&self) -> u64 {
        self.data_blocks * BLOCK_SIZE
    }

    /// Levels of its tree; 0 when all is zero.
    pub(crate) fn height(&self) -> u8 {
        self.top.map_or(0, |_| height_of(self.size.blocks()))
    }

    /// Its top node.
    pub(crate) fn top(&self) -> Option<Pointer> {
        self.top
    }

    /// The form that metadata carries.
    ///
    /// # Panics
    /// Never: the fields have the length of a root.
    pub fn encode(&self) -> EncodedRoot {
        let mut bytes = Vec::with_capacity(EncodedRoot::LEN);
        bytes.push(VERSION);
        bytes.extend(BLOCK_SHIFT.to_le_bytes().first());
        bytes.extend([FANOUT_SHIFT, self.height()]);
        bytes.extend([0; 4]);
        bytes.extend(self.size.bytes().to_le_bytes());
        bytes.extend(self.data_blocks.to_le_bytes());
        bytes.extend(self.top.map_or(0, |top| top.slot).to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend(self.top.map_or([0; 32], |top| *top.segment.as_bytes()));
        bytes.extend(self.store.as_bytes());
        bytes.extend([0; 12]);
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        EncodedRoot::try_from(bytes.as_slice()).expect("the fields above are 96 bytes")
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(encoded: &EncodedRoot) -> Result<Self, DecodeRootError> {
        Self::fields(encoded.as_bytes()).unwrap_or(Err(DecodeRootError::Shape))
    }

    fn fields(bytes: &[u8; EncodedRoot::LEN]) -> Option<Result<Self, DecodeRootError>> {
        let mut reader = ByteReader::new(bytes);
        let version: [u8; 3] = reader.array()?;
        let height = reader.u8()?;
        let mut reserved = reader.zeros::<4>()?;
        let size = reader.u64()?;
        let data_blocks = reader.u64()?;
        let slot = reader.u16()?;
        reserved &= reader.zeros::<6>()?;
        let segment = reader.array()?;
        let store = StoreUuid::from_bytes(reader.array()?);
        reserved &= reader.zeros::<12>()?;
        if reader.u32()? != crc32c::crc32c(bytes.get(..92)?) {
            return Some(Err(DecodeRootError::Checksum));
        }
        if version != [VERSION, 16, FANOUT_SHIFT] || !reserved {
            return Some(Err(DecodeRootError::Version));
        }
        let size = VolumeSize::new(size).ok()?;
        let top = (height > 0).then_some(Pointer { segment: SegmentId::from_bytes(segment), slot });
        let root = Self { store, size, data_blocks, top };
        let fits = match top {
            None => data_blocks == 0 && segment == [0; 32] && slot == 0,
            Some(_) => (1..=size.blocks()).contains(&data_blocks) && height == root.height(),
        };
        Some(if fits { Ok(root) } else { Err(DecodeRootError::Shape) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(bytes: u64, data_blocks: u64) -> MapRoot {
        let top = Pointer { segment: SegmentId::from_bytes([9; 32]), slot: 77 };
        let store = StoreUuid::from_bytes([5; 16]);
        MapRoot::new(store, VolumeSize::new(bytes).unwrap(), (data_blocks > 0).then_some((top, data_blocks)))
    }

    #[test]
    fn roots_of_every_height_read_back() {
        for (bytes, height) in [(1, 1), (64 << 20, 1), ((64 << 20) + 1, 2), (64 << 30, 2), ((64 << 30) + 1, 3)] {
            let root = root(bytes, 1);
            assert_eq!(root.height(), height);
            assert_eq!(MapRoot::decode(&root.encode()), Ok(root));
        }
        assert_eq!(MapRoot::decode(&root(64 << 40, 1 << 30).encode()).unwrap().data_bytes(), 64 << 40);
        assert_eq!(MapRoot::decode(&root(0, 0).encode()), Ok(root(0, 0)));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let encoded = root(10 << 30, 12345).encode();
        for bit in 0..EncodedRoot::LEN * 8 {
            let mut bytes = *encoded.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(MapRoot::decode(&EncodedRoot::from_bytes(bytes)), Err(DecodeRootError::Checksum));
        }
    }

    #[test]
    fn counts_that_do_not_fit_the_size_are_refused() {
        assert_eq!(MapRoot::decode(&root(65536, 2).encode()), Err(DecodeRootError::Shape));
    }
}
