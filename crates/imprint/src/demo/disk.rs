//! The demo's disk: made, or copied from the user's, changed, and compared.

use anyhow::{Context, Result, bail};
use imprint_disk_format::{Disk, ExtentKind, Limits, SourceFormat, open_disk};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

const BLOCK: u64 = 64 << 10;

/// Size of the disk that the demo makes, most of it never written.
const MADE_SIZE: u64 = 1 << 30;

/// Bytes that are compared or copied at a time.
const STEP: u64 = 1 << 20;

/// What the file is, by its name: the format is declared, never probed.
pub(crate) fn format_of(path: &Path) -> SourceFormat {
    let qcow2 = path.extension().is_some_and(|extension| extension == "qcow2" || extension == "qcow");
    if qcow2 { SourceFormat::Qcow2 } else { SourceFormat::Raw }
}

/// Makes a sparse raw disk: 64 MiB that compress well, 32 MiB that do not, the rest holes.
pub(crate) fn make(path: &Path) -> Result<()> {
    let file = File::create_new(path).context("make the demo's disk")?;
    file.set_len(MADE_SIZE)?;
    let text = b"All happy disks are alike; each failing disk fails in its own way. ";
    let page: Vec<u8> = text.iter().copied().cycle().take(usize::try_from(STEP)?).collect();
    for step in 0..64 {
        let mut page = page.clone();
        // So that no two blocks are alike.
        page.chunks_mut(usize::try_from(BLOCK)?).enumerate().for_each(|(nth, block)| {
            block.iter_mut().zip(format!("{step}/{nth} ").bytes()).for_each(|(to, from)| *to = from);
        });
        file.write_all_at(&page, step * 8 * STEP)?;
    }
    let mut noise = Noise::new(1);
    for step in 0..32 {
        file.write_all_at(&noise.bytes(STEP), (700 + step) * STEP)?;
    }
    Ok(())
}

/// Copies a disk file that is only read: a raw one with its holes, a qcow2 as it is.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if format_of(from) == SourceFormat::Qcow2 {
        std::fs::copy(from, to).with_context(|| format!("copy {}", from.display()))?;
        return Ok(());
    }
    let disk = open(from)?;
    let file = File::create_new(to)?;
    file.set_len(disk.size())?;
    let mut buffer = vec![0; usize::try_from(STEP)?];
    each_data_step(&*disk, |offset, len| {
        let part = &mut buffer[..len];
        disk.read_at(offset, part)?;
        Ok(file.write_all_at(part, offset)?)
    })
}

/// Opens a disk to read it.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Disk>> {
    let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    open_disk(file, format_of(path), &Limits::default()).with_context(|| format!("read {}", path.display()))
}

/// Overwrites `blocks` blocks of the bytes `from..` of a file with noise, spread evenly.
pub(crate) fn scribble(path: &Path, from: u64, blocks: u64) -> Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let room = file.metadata()?.len().saturating_sub(from) / BLOCK;
    let blocks = blocks.min(room);
    let mut noise = Noise::new(2);
    for nth in 0..blocks {
        file.write_all_at(&noise.bytes(BLOCK), from + nth * room / blocks * BLOCK)?;
    }
    Ok(())
}

/// Compares every byte of two disks; runs that are holes in both need no reading. Answers how many bytes they have.
pub(crate) fn compare(expected: &dyn Disk, found: &dyn Disk) -> Result<u64> {
    // A qcow2's size is a multiple of 512; what it has beyond the other's end must be zero.
    if found.size() < expected.size() || found.size() >= expected.size() + 512 {
        bail!("the template has {} bytes, the disk {}", found.size(), expected.size());
    }
    let step = usize::try_from(STEP)?;
    let (mut left, mut right) = (vec![0; step], vec![0; step]);
    let mut same = |offset: u64, len: usize| {
        let inside = usize::try_from(expected.size().saturating_sub(offset))?.min(len);
        left[..len].fill(0);
        expected.read_at(offset, &mut left[..inside])?;
        found.read_at(offset, &mut right[..len])?;
        if left[..len] != right[..len] {
            bail!("the template differs from the disk between byte {offset} and {}", offset + len as u64);
        }
        Ok(())
    };
    each_data_step(expected, &mut same)?;
    each_data_step(found, &mut same)?;
    Ok(expected.size())
}

/// Calls `act` for each piece of at most [`STEP`] bytes that the disk's map calls data.
fn each_data_step(disk: &dyn Disk, mut act: impl FnMut(u64, usize) -> Result<()>) -> Result<()> {
    let mut offset = 0;
    while offset < disk.size() {
        let extent = disk.extent_at(offset)?;
        if extent.kind == ExtentKind::Data {
            let end = extent.range.end.min(offset + STEP);
            act(offset, usize::try_from(end - offset)?)?;
            offset = end;
        } else {
            offset = extent.range.end;
        }
    }
    Ok(())
}

/// Bytes that do not compress: xorshift64*.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn bytes(&mut self, len: u64) -> Vec<u8> {
        let words = (0..len.div_ceil(8)).flat_map(|_| {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
        });
        words.collect()
    }
}
