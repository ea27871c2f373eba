//! The loops that backups are compared with: the same work on the same bytes, with nothing around it.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context as _, Result, anyhow};

use super::volume::BLOCK;

/// Blocks read at once: 1 MiB.
const READ_BLOCKS: usize = 16;
/// Files that are written at once.
const WRITERS: usize = 2;
/// Size of an output file.
const FILE_SIZE: usize = 64 << 20;

/// Reads the data, leaves out zero blocks, hashes and compresses the others on all cores, and writes and fsyncs what
/// comes of it in files of 64 MiB in a new folder.
pub(crate) fn full_backup(volume: &Path, blocks: &[u64], out: &Path) -> Result<()> {
    std::fs::create_dir(out).with_context(|| format!("make {}", out.display()))?;
    let (spare, next) = (&Mutex::new(Vec::new()), &AtomicUsize::new(0));
    thread::scope(|scope| {
        // As many buffers in flight and on their way to the disk as our own writer has.
        let (sender, receiver) = sync_channel::<Vec<u8>>(1);
        let receiver = Arc::new(Mutex::new(receiver));
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let receiver = Arc::clone(&receiver);
                scope.spawn(move || write_files(out, &receiver, spare, next))
            })
            .collect();
        // With the last writer it is gone, so that nobody waits for writers that failed.
        drop(receiver);
        let compressed = read_on_all_cores(volume, blocks, || Compressing::new(sender.clone(), spare));
        drop(sender);
        for writer in writers {
            writer.join().map_err(|_| anyhow!("a writer panicked"))??;
        }
        File::open(out)?.sync_all()?;
        compressed
    })
}

/// Writes each buffer into a file of its own, makes that durable, and gives the buffer back.
fn write_files(
    out: &Path,
    receiver: &Mutex<Receiver<Vec<u8>>>,
    spare: &Mutex<Vec<Vec<u8>>>,
    next: &AtomicUsize,
) -> Result<()> {
    loop {
        let full = receiver.lock().map_err(|_| anyhow!("a writer panicked"))?.recv();
        let Ok(mut buffer) = full else { return Ok(()) };
        let mut file = File::create_new(out.join(next.fetch_add(1, Ordering::Relaxed).to_string()))?;
        file.write_all(&buffer)?;
        file.sync_all()?;
        buffer.clear();
        spare.lock().map_err(|_| anyhow!("a writer panicked"))?.push(buffer);
    }
}

/// Reads the data and hashes it, no more.
pub(crate) fn read_and_hash(volume: &Path, blocks: &[u64]) -> Result<()> {
    read_on_all_cores(volume, blocks, || Hashing)
}

/// What a thread does with the blocks that it reads.
trait Work {
    fn block(&mut self, bytes: &[u8]) -> Result<()>;
    fn end(self) -> Result<()>;
}

/// BLAKE3 only.
struct Hashing;

impl Work for Hashing {
    fn block(&mut self, bytes: &[u8]) -> Result<()> {
        std::hint::black_box(blake3::hash(bytes));
        Ok(())
    }

    fn end(self) -> Result<()> {
        Ok(())
    }
}

/// Zero test, BLAKE3, zstd level 1, and off to a writer by 64 MiB.
struct Compressing<'a> {
    compressor: zstd::bulk::Compressor<'static>,
    buffer: Vec<u8>,
    small: Vec<u8>,
    sender: SyncSender<Vec<u8>>,
    spare: &'a Mutex<Vec<Vec<u8>>>,
    zero: Vec<u8>,
}

impl<'a> Compressing<'a> {
    fn new(sender: SyncSender<Vec<u8>>, spare: &'a Mutex<Vec<Vec<u8>>>) -> Result<Self> {
        let compressor = zstd::bulk::Compressor::new(1).context("make a compressor")?;
        let block = usize::try_from(BLOCK)?;
        let (buffer, small) = (Vec::with_capacity(FILE_SIZE), vec![0; zstd::zstd_safe::compress_bound(block)]);
        Ok(Self { compressor, buffer, small, sender, spare, zero: vec![0; block] })
    }
}

impl Work for Result<Compressing<'_>> {
    fn block(&mut self, bytes: &[u8]) -> Result<()> {
        let it = self.as_mut().map_err(|error| anyhow!("{error:#}"))?;
        if it.zero.starts_with(bytes) {
            return Ok(());
        }
        std::hint::black_box(blake3::hash(bytes));
        let len = it.compressor.compress_to_buffer(bytes, it.small.as_mut_slice()).context("compress")?;
        let small = it.small.get(..len).unwrap_or_default();
        it.buffer.extend_from_slice(if small.len() < bytes.len() { small } else { bytes });
        if it.buffer.len() >= FILE_SIZE {
            let spare = it.spare.lock().map_err(|_| anyhow!("a writer panicked"))?.pop();
            let full = std::mem::replace(&mut it.buffer, spare.unwrap_or_else(|| Vec::with_capacity(FILE_SIZE)));
            it.sender.send(full).context("the writers are gone")?;
        }
        Ok(())
    }

    fn end(self) -> Result<()> {
        let it = self?;
        it.sender.send(it.buffer).context("the writers are gone")
    }
}

/// Gives runs of blocks to as many threads as there are cores.
fn read_on_all_cores<W: Work>(volume: &Path, blocks: &[u64], work: impl Fn() -> W + Sync) -> Result<()> {
    let file = File::open(volume).with_context(|| format!("open {}", volume.display()))?;
    let runs: Vec<&[u64]> =
        blocks.chunk_by(|one, next| one + 1 == *next).flat_map(|run| run.chunks(READ_BLOCKS)).collect();
    let next = AtomicUsize::new(0);
    let thread = || -> Result<()> {
        let mut work = work();
        let mut buffer = vec![0; READ_BLOCKS * usize::try_from(BLOCK)?];
        while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (bytes, _) = buffer.split_at_mut(run.len() * usize::try_from(BLOCK)?);
            file.read_exact_at(bytes, run.first().copied().unwrap_or_default() * BLOCK)?;
            for block in bytes.chunks(usize::try_from(BLOCK)?) {
                work.block(block)?;
            }
        }
        work.end()
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(thread)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a reader panicked"))?)
    })
}

#[cfg(test)]
mod tests {
    use super::super::volume::{Layout, write};
    use super::*;

    #[test]
    fn the_loop_writes_about_two_thirds_of_the_data_in_files() {
        let dir = std::env::temp_dir().join(format!("imprint-reference-{}", std::process::id()));
        std::fs::create_dir(&dir).unwrap();
        let layout = Layout { size: 64 << 20, data: 16 << 20, seed: 1 };
        write(&dir.join("volume"), layout).unwrap();
        let mut blocks = layout.data_blocks();
        let empty = (0..layout.size / BLOCK).filter(|block| !blocks.contains(block)).take(20).collect::<Vec<_>>();
        blocks.extend(empty);
        blocks.sort_unstable();
        full_backup(&dir.join("volume"), &blocks, &dir.join("out")).unwrap();
        read_and_hash(&dir.join("volume"), &blocks).unwrap();
        let files = std::fs::read_dir(dir.join("out")).unwrap();
        let written: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert!(written > layout.data / 2 && written < layout.data * 3 / 4, "{written} bytes");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
