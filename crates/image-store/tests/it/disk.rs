//! A disk that is a map from blocks to seeds.

use imprint_disk_format::{Disk, Extent, ExtentKind, ReadDiskError};
use imprint_domain::{BLOCK_SIZE, VolumeSize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// A disk whose blocks are filled from seeds; what has no seed is zero.
#[derive(Debug, Default)]
pub(crate) struct SeedDisk {
    pub(crate) size: u64,
    pub(crate) seeds: BTreeMap<u64, u32>,
    pub(crate) bytes_read: AtomicU64,
}

impl Clone for SeedDisk {
    fn clone(&self) -> Self {
        Self { size: self.size, seeds: self.seeds.clone(), bytes_read: AtomicU64::new(0) }
    }
}

impl SeedDisk {
    pub(crate) fn new(blocks: u64) -> Self {
        Self { size: blocks * BLOCK_SIZE, ..Self::default() }
    }

    pub(crate) fn volume_size(&self) -> VolumeSize {
        VolumeSize::new(self.size).unwrap()
    }

    pub(crate) fn blocks(&self) -> u64 {
        self.volume_size().blocks()
    }

    /// Changes the size; what is beyond a smaller one is gone.
    pub(crate) fn resize(&mut self, size: u64) {
        if size < self.size {
            let blocks = size.div_ceil(BLOCK_SIZE);
            self.seeds.split_off(&blocks);
            if !size.is_multiple_of(BLOCK_SIZE) {
                // The bytes beyond the end are zero: in this model, so is the whole block.
                self.seeds.remove(&(blocks - 1));
            }
        }
        self.size = size;
    }

    /// The content of a block, 64 KiB even at the end of the disk.
    pub(crate) fn block(&self, block: u64) -> Vec<u8> {
        let inside = usize::try_from(self.size.saturating_sub(block * BLOCK_SIZE).min(BLOCK_SIZE)).unwrap();
        let mut bytes = self.seeds.get(&block).map_or_else(|| vec![0; 65536], |seed| block_of(*seed));
        bytes[inside..].fill(0);
        bytes
    }
}

/// The content that a seed stands for: every second one compresses well. None is zero.
pub(crate) fn block_of(seed: u32) -> Vec<u8> {
    let mut bytes = vec![0; 65536];
    if seed.is_multiple_of(2) {
        let line = format!("block of seed {seed}, ").into_bytes();
        bytes.iter_mut().zip(line.iter().cycle()).for_each(|(byte, value)| *byte = *value);
    } else {
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    }
    bytes
}

impl Disk for SeedDisk {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), ReadDiskError> {
        let len = buf.len() as u64;
        if offset + len > self.size {
            return Err(ReadDiskError::OutOfRange { offset, len, size: self.size });
        }
        self.bytes_read.fetch_add(len, Ordering::Relaxed);
        let mut done = 0;
        while done < buf.len() {
            let at = offset + done as u64;
            let block = self.block(at / BLOCK_SIZE);
            let source = &block[usize::try_from(at % BLOCK_SIZE).unwrap()..];
            let taken = source.len().min(buf.len() - done);
            buf[done..done + taken].copy_from_slice(&source[..taken]);
            done += taken;
        }
        Ok(())
    }

    fn extent_at(&self, offset: u64) -> Result<Extent, ReadDiskError> {
        let block = offset / BLOCK_SIZE;
        let kind = if self.seeds.contains_key(&block) { ExtentKind::Data } else { ExtentKind::Hole };
        Ok(Extent { range: offset..((block + 1) * BLOCK_SIZE).min(self.size), kind })
    }

    fn check_unchanged(&self) -> Result<(), ReadDiskError> {
        Ok(())
    }
}
