//! Compares writing and reading states with loops that do the same work and nothing else.
//!
//! `cargo run --release -p imprint-image-store --example pipeline -- DIRECTORY [MIB] [ROUNDS]`: needs three times MIB of
//! space in DIRECTORY.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement for people, which ends at any failure")]

use futures_util::StreamExt;
use imprint_blob_store::BlobStore;
use imprint_disk_format::{Disk, Limits, SourceFormat, open_disk};
use imprint_domain::{
    AccountUuid, BLOCK_SIZE, ImageFormat, InstallationUuid, LeaseUuid, SegmentId, StoreUuid, VolumeSize,
};
use imprint_image_store::{
    Change, ChangeRun, Consolidation, ExportedImage, ImageStore, LeaseError, Leases, MapRoot, Progress, ReadError,
    StoreOptions, WriteProgress, WriteRequest, Written,
};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const UNIT: u64 = 1 << 20;
const FILE: usize = 64 << 20;

struct NoLeases;

impl Leases for NoLeases {
    fn register_segment(&self, _: LeaseUuid, _: StoreUuid, _: SegmentId, _: u64) -> Result<(), LeaseError> {
        Ok(())
    }

    fn segment_durable(&self, _: LeaseUuid, _: StoreUuid, _: SegmentId) -> Result<(), LeaseError> {
        Ok(())
    }
}

struct NoProgress;

impl Progress for NoProgress {
    fn advanced(&self, _: WriteProgress) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}

struct Bench {
    directory: PathBuf,
    disk: Box<dyn Disk>,
    size: u64,
    runtime: Runtime,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().expect("the first argument is a directory"));
    let mib: u64 = arguments.next().map_or(2048, |text| text.parse().unwrap());
    let rounds: usize = arguments.next().map_or(3, |text| text.parse().unwrap());
    let image = directory.join("volume.raw");
    fill(&image, mib << 20);
    let disk = open_disk(File::open(&image).unwrap(), SourceFormat::Raw, &Limits::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let bench = Bench { directory, disk, size: mib << 20, runtime };
    bench.run(rounds, &image);
}

impl Bench {
    fn run(&self, rounds: usize, image: &Path) {
        let mut roots = Vec::new();
        for round in 0..rounds {
            let (store, directory) = self.new_store(round);
            let (full, time) = timed(|| self.write(&store, None, whole(self.size)));
            self.report("full backup", time);
            println!("  {} segments, {} MiB stored; peak {}", full.segments, full.bytes_stored >> 20, peak());
            self.report("  loop: read, BLAKE3, zstd, write, fsync", timed(|| self.reference()).1);
            let (same, time) = timed(|| self.write(&store, Some(full.root), whole(self.size)));
            assert_eq!((same.segments, same.root), (0, full.root));
            self.report("nothing changed, all read", time);
            self.report("  loop: read, BLAKE3", timed(|| self.hash_all()).1);
            roots.push((store, full.root, directory));
            if round > 0 {
                std::fs::remove_dir_all(roots.remove(0).2).unwrap();
            }
        }
        let (store, root, directory) = roots.pop().unwrap();
        for (name, format) in [("raw", ImageFormat::Raw), ("qcow2", ImageFormat::Qcow2)] {
            let time = timed(|| self.download(&store, &root, format)).1;
            self.report(&format!("download as {name}"), time);
        }
        let small = timed(|| self.write(&store, Some(root), one_block(self.size))).1;
        println!("incremental of one block told: {:.2} ms", small.wall.as_secs_f64() * 1e3);
        let root = self.scatter(&store, root, image);
        for _ in 0..rounds {
            let (same, time) = timed(|| self.write(&store, Some(root), whole(self.size)));
            assert_eq!(same.segments, 0);
            self.report("nothing changed, all read, after 100 scattered incrementals", time);
            self.report("  loop: read, BLAKE3", timed(|| self.hash_all()).1);
        }
        self.report("download as raw, after 100 scattered incrementals", {
            timed(|| self.download(&store, &root, ImageFormat::Raw)).1
        });
        println!("peak {}", peak());
        std::fs::remove_dir_all(directory).unwrap();
        std::fs::remove_file(image).unwrap();
    }

    fn new_store(&self, round: usize) -> (ImageStore, PathBuf) {
        let directory = self.directory.join(format!("store-{round}"));
        let blobs = BlobStore::create_local(&directory).unwrap();
        let options = StoreOptions::default();
        let made = ImageStore::create(blobs, InstallationUuid::random(), &options);
        (self.runtime.block_on(made).unwrap(), directory)
    }

    fn write(&self, store: &ImageStore, parent: Option<MapRoot>, runs: Vec<ChangeRun>) -> Written {
        let request = WriteRequest {
            size: VolumeSize::new(self.size).unwrap(),
            parent,
            lease: LeaseUuid::random(),
            owner: AccountUuid::random(),
            consolidation: Consolidation::Crowded,
        };
        let runs = runs.into_iter().map(Ok::<_, ReadError>);
        store.write(&request, self.disk.as_ref(), runs, &NoLeases, &NoProgress).unwrap()
    }

    /// Reads, hashes and compresses on as many threads as there are cores; each writes files of 64 MiB.
    fn reference(&self) {
        let next = AtomicU64::new(0);
        let files = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..cores() {
                scope.spawn(|| {
                    let mut context = zstd::bulk::Compressor::new(1).unwrap();
                    let (mut raw, mut packed) = (vec![0; 1 << 20], Vec::with_capacity(FILE + (1 << 20)));
                    let mut scratch = vec![0; 80 << 10];
                    while self.read_unit(&next, &mut raw) {
                        for block in raw.chunks(65536) {
                            std::hint::black_box(blake3::hash(block));
                            let len = context.compress_to_buffer(block, &mut scratch[..]).unwrap();
                            packed.extend_from_slice(&scratch[..len]);
                        }
                        if packed.len() >= FILE {
                            self.write_file(&files, &mut packed);
                        }
                    }
                    self.write_file(&files, &mut packed);
                });
            }
        });
        for file in 0..files.into_inner() {
            std::fs::remove_file(self.directory.join(format!("reference-{file}"))).unwrap();
        }
    }

    fn write_file(&self, files: &AtomicU64, packed: &mut Vec<u8>) {
        let number = files.fetch_add(1, Ordering::Relaxed);
        let mut file = File::create(self.directory.join(format!("reference-{number}"))).unwrap();
        file.write_all(packed).unwrap();
        file.sync_all().unwrap();
        packed.clear();
    }

    fn hash_all(&self) {
        let next = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..cores() {
                scope.spawn(|| {
                    let mut raw = vec![0; 1 << 20];
                    while self.read_unit(&next, &mut raw) {
                        for block in raw.chunks(65536) {
                            std::hint::black_box(blake3::hash(block));
                        }
                    }
                });
            }
        });
    }

    fn read_unit(&self, next: &AtomicU64, raw: &mut [u8]) -> bool {
        let offset = next.fetch_add(UNIT, Ordering::Relaxed);
        offset < self.size && self.disk.read_at(offset, raw).is_ok()
    }

    fn download(&self, store: &ImageStore, root: &MapRoot, format: ImageFormat) {
        let image = ExportedImage::open(store.reader(), root, format).unwrap();
        let stream = image.stream(0..image.len()).unwrap();
        let sum = |sum: u64, piece: Result<bytes::Bytes, _>| async move { sum + piece.unwrap().len() as u64 };
        let len = self.runtime.block_on(stream.fold(0, sum));
        assert_eq!(len, image.len());
    }

    /// A hundred incrementals that change 1 % of the blocks each, and are told which.
    fn scatter(&self, store: &ImageStore, mut root: MapRoot, image: &Path) -> MapRoot {
        let file = File::options().write(true).open(image).unwrap();
        let blocks = self.size / BLOCK_SIZE;
        let mut random = Random(7);
        let mut slowest = Duration::ZERO;
        let ((), time) = timed(|| {
            for _ in 0..100 {
                let mut changed: Vec<u64> = (0..blocks / 100).map(|_| random.next() % blocks).collect();
                changed.sort_unstable();
                changed.dedup();
                for block in &changed {
                    file.write_all_at(&random.next().to_le_bytes(), block * BLOCK_SIZE).unwrap();
                }
                let mut runs = Vec::new();
                let mut next = 0;
                for block in changed {
                    runs.push(ChangeRun { blocks: next..block, change: Change::Unchanged });
                    runs.push(ChangeRun { blocks: block..block + 1, change: Change::Data });
                    next = block + 1;
                }
                runs.push(ChangeRun { blocks: next..blocks, change: Change::Unchanged });
                let (written, time) = timed(|| self.write(store, Some(root), runs));
                (root, slowest) = (written.root, slowest.max(time.wall));
            }
        });
        println!(
            "100 incrementals of 1 %: {:.2} s, the slowest {:.3} s",
            time.wall.as_secs_f64(),
            slowest.as_secs_f64()
        );
        root
    }

    fn report(&self, name: &str, cost: Cost) {
        let mib = u32::try_from(self.size >> 20).map_or(0.0, f64::from);
        println!("{name}: {:.0} MiB/s, {:.2} s of CPU", mib / cost.wall.as_secs_f64(), cost.cpu.as_secs_f64());
    }
}

fn whole(size: u64) -> Vec<ChangeRun> {
    vec![ChangeRun { blocks: 0..size / BLOCK_SIZE, change: Change::Data }]
}

fn one_block(size: u64) -> Vec<ChangeRun> {
    let blocks = size / BLOCK_SIZE;
    let parts = [(0..1, Change::Zero), (1..2, Change::Data), (2..blocks, Change::Unchanged)];
    parts.into_iter().map(|(blocks, change)| ChangeRun { blocks, change }).collect()
}

/// What some work took: by the clock, and of all cores together.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let (start, cpu) = (Instant::now(), cpu_time());
    let result = work();
    (result, Cost { wall: start.elapsed(), cpu: cpu_time().saturating_sub(cpu) })
}

/// Time that all threads of this process have spent, in and outside the kernel.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let behind_name = stat.rsplit_once(')').unwrap().1;
    let ticks: u64 = behind_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Half of each MiB is text-like, half is noise.
fn fill(path: &Path, size: u64) {
    let mut random = Random(1);
    let mut file = File::create(path).unwrap();
    let mut unit = vec![0_u8; 1 << 20];
    for _ in 0..size / UNIT {
        let (words, noise) = unit.split_at_mut(1 << 19);
        for word in words.chunks_mut(16) {
            let [a, b, ..] = random.next().to_le_bytes();
            word.copy_from_slice(format!("word {:02x}, of {:02x}; ", a & 63, b & 63).as_bytes());
        }
        for word in noise.chunks_mut(8) {
            word.copy_from_slice(&random.next().to_le_bytes());
        }
        file.write_all(&unit).unwrap();
    }
    file.sync_all().unwrap();
}

struct Random(u64);

impl Random {
    /// Xorshift.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().replace('\t', " ")
}
