//! Volumes whose content is the same in every run.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Bytes of a block, as the store counts them.
pub(crate) const BLOCK: u64 = 64 << 10;
/// Longest run of data, in blocks.
const LONGEST_RUN: u64 = 64;

/// How large a volume is, how much of it is data, and which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) size: u64,
    pub(crate) data: u64,
    pub(crate) seed: u64,
}

impl Layout {
    /// Numbers of the blocks that hold data, ascending, in runs with gaps between.
    pub(crate) fn data_blocks(self) -> Vec<u64> {
        let (blocks, wanted) = (self.size / BLOCK, self.data / BLOCK);
        let mut chance = Chance(self.seed);
        let (mut found, mut at) = (Vec::new(), 0);
        while (found.len() as u64) < wanted && at < blocks {
            let (left, room) = (wanted - found.len() as u64, blocks - at);
            let run = (1 + chance.below(LONGEST_RUN)).min(left);
            // Gaps so long on average that the data reach the end, and never so long that they do not fit.
            let gap = chance.below(1 + 2 * LONGEST_RUN * (blocks - wanted) / (2 * wanted).max(1)).min(room - left);
            found.extend(at + gap..at + gap + run);
            at += gap + run;
        }
        found
    }
}

/// Writes a sparse raw file and makes it durable.
pub(crate) fn write(path: &Path, layout: Layout) -> Result<()> {
    let file = File::create_new(path).with_context(|| format!("make {}", path.display()))?;
    file.set_len(layout.size)?;
    let mut bytes = vec![0; usize::try_from(BLOCK)?];
    for block in layout.data_blocks() {
        fill(&mut bytes, block, layout.seed);
        file.write_all_at(&bytes, block * BLOCK)?;
    }
    file.sync_all().context("make the volume durable")
}

/// Gives these blocks new content and makes it durable; another `seed`, another content.
pub(crate) fn change(path: &Path, blocks: impl IntoIterator<Item = u64>, seed: u64) -> Result<()> {
    let file = File::options().write(true).open(path).with_context(|| format!("open {}", path.display()))?;
    let mut bytes = vec![0; usize::try_from(BLOCK)?];
    for block in blocks {
        fill(&mut bytes, block, seed);
        file.write_all_at(&bytes, block * BLOCK)?;
    }
    file.sync_all().context("make the changes durable")
}

/// Picks one block of a hundred, by chance.
pub(crate) fn scattered(blocks: &[u64], seed: u64) -> Vec<u64> {
    let mut chance = Chance(seed);
    blocks.iter().copied().filter(|_| chance.below(100) == 0).collect()
}

/// One block: every other one random, the rest compressible to about a quarter.
fn fill(bytes: &mut [u8], block: u64, seed: u64) {
    let mut chance = Chance(seed.wrapping_mul(0x1000_0000).wrapping_add(block));
    let random_of_four = if chance.below(2) == 0 { 4 } else { 1 };
    for line in bytes.chunks_mut(64) {
        for (index, word) in line.chunks_mut(8).enumerate() {
            let value = if index % 4 < random_of_four { chance.next() } else { 0x2065_7269_7720_6120 };
            for (byte, new) in word.iter_mut().zip(value.to_le_bytes()) {
                *byte = new;
            }
        }
    }
}

/// Numbers from a seed (splitmix64).
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_has_all_its_data_spread_over_the_volume() {
        let layout = Layout { size: 10 << 30, data: 4 << 30, seed: 1 };
        let blocks = layout.data_blocks();
        assert_eq!(blocks.len() as u64, layout.data / BLOCK);
        assert!(blocks.windows(2).all(|pair| pair[0] < pair[1]));
        let last = *blocks.last().unwrap();
        assert!(last < layout.size / BLOCK && last > layout.size / BLOCK * 3 / 4, "ends at {last}");
    }

    #[test]
    fn half_of_the_blocks_shrink() {
        let mut bytes = vec![0; 64 << 10];
        let small = (0..100).filter(|block| {
            fill(&mut bytes, *block, 1);
            zstd::bulk::compress(&bytes, 1).unwrap().len() < bytes.len() / 2
        });
        assert!((30..70).contains(&small.count()));
    }
}
