//! Blocks: 64 KiB of a volume, the unit of change tracking and deduplication.

use std::ops::Range;

/// log2 of [`BLOCK_SIZE`].
pub const BLOCK_SHIFT: u32 = 16;

/// Bytes of one block: QEMU's dirty-bitmap granularity and qcow2's default cluster size.
pub const BLOCK_SIZE: u64 = 1 << BLOCK_SHIFT;

/// Which block of a volume, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockIndex(pub u64);

/// Size of a volume in bytes, at most [`VolumeSize::MAX`], so that block arithmetic on it cannot wrap around.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VolumeSize(u64);

/// A size over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes are over the limit of {max} (64 TiB)", max = VolumeSize::MAX)]
pub struct VolumeTooLarge(pub u64);

impl VolumeSize {
    /// 64 TiB.
    pub const MAX: u64 = 64 << 40;

    /// Nothing at all.
    pub const ZERO: Self = Self(0);

    /// The only way in.
    pub const fn new(bytes: u64) -> Result<Self, VolumeTooLarge> {
        if bytes > Self::MAX { Err(VolumeTooLarge(bytes)) } else { Ok(Self(bytes)) }
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// Number of blocks, the last one possibly partial.
    pub const fn blocks(self) -> u64 {
        self.0.div_ceil(BLOCK_SIZE)
    }

    /// Bytes of `block` that lie inside the volume; empty beyond its end.
    pub fn bytes_of(self, block: BlockIndex) -> Range<u64> {
        let start = block.0.saturating_mul(BLOCK_SIZE).min(self.0);
        start..start.saturating_add(BLOCK_SIZE).min(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_over_the_limit_are_refused() {
        assert!(VolumeSize::new(VolumeSize::MAX).is_ok());
        assert_eq!(VolumeSize::new(VolumeSize::MAX + 1), Err(VolumeTooLarge(VolumeSize::MAX + 1)));
    }

    proptest! {
        #[test]
        fn the_blocks_of_a_volume_tile_it(bytes in 0..(1u64 << 26)) {
            let size = VolumeSize::new(bytes).unwrap();
            let mut end = 0;
            for block in 0..size.blocks() {
                let range = size.bytes_of(BlockIndex(block));
                prop_assert_eq!(range.start, end);
                prop_assert!(range.end > range.start);
                end = range.end;
            }
            prop_assert_eq!(end, bytes);
            prop_assert!(size.bytes_of(BlockIndex(size.blocks())).is_empty());
        }
    }
}
