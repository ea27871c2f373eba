//! What a writer promises.

use crate::disk::SeedDisk;
use crate::harness::{NoProgress, TestStore, Told, in_memory, request};
use imprint_disk_format::{Disk, Extent, ReadDiskError};
use imprint_image_store::{Change, ChangeRun, Progress, StoreOptions, WriteError, WriteProgress};
use std::cell::Cell;

fn filled(blocks: u64) -> SeedDisk {
    let mut disk = SeedDisk::new(blocks);
    disk.seeds = (0..blocks).map(|block| (block, u32::try_from(block).unwrap())).collect();
    disk
}

#[test]
fn a_full_and_an_incremental_backup_read_back() {
    let store = TestStore::in_memory(1024);
    let mut disk = filled(1500);
    let full = store.write_all(&disk, None);
    store.check(&full.root, &disk);
    assert_eq!((full.segments, full.blocks_stored, full.bytes_read), (2, 1500, 1500 * 65536));
    let before = disk.clone();
    disk.seeds.insert(1100, 77_777);
    disk.seeds.remove(&3);
    let runs = [
        (0..3, Change::Unchanged),
        (3..4, Change::Zero),
        (4..1100, Change::Unchanged),
        (1100..1101, Change::Data),
        (1101..1500, Change::Unchanged),
    ];
    let incremental = store.write(&disk, Some(full.root), &runs).unwrap();
    store.check(&incremental.root, &disk);
    store.check(&full.root, &before);
    assert_eq!((incremental.segments, incremental.blocks_stored, incremental.bytes_read), (1, 1, 65536));
}

#[test]
fn a_segment_is_registered_before_and_marked_durable_after_it_is_written() {
    let store = TestStore::in_memory(10);
    let full = store.write_all(&filled(95), None);
    let told = store.leases.told.lock().unwrap().clone();
    assert_eq!(told.len(), 20);
    assert_eq!(full.segments, 10);
    for (at, word) in told.iter().enumerate() {
        if let Told::Durable(id) = word {
            assert!(told[..at].contains(&Told::Registered(*id)));
        }
    }
}

#[test]
fn a_writer_whose_lease_has_ended_stops() {
    let store = TestStore::in_memory(10);
    for words in 0..20 {
        store.leases.told.lock().unwrap().clear();
        *store.leases.gone_after.lock().unwrap() = Some(words);
        let written = store.write(&filled(95), None, &[(0..95, Change::Data)]);
        assert!(matches!(written, Err(WriteError::LeaseGone)), "{words}");
    }
}

/// A watcher that stops the writer after so many questions.
struct StopsAfter(Cell<u32>);

impl Progress for StopsAfter {
    fn advanced(&self, progress: WriteProgress) {
        assert!(progress.blocks_done <= 200);
    }

    fn is_cancelled(&self) -> bool {
        self.0.set(self.0.get().saturating_sub(1));
        self.0.get() == 0
    }
}

fn runs(blocks: u64) -> impl Iterator<Item = Result<ChangeRun, ReadDiskError>> {
    std::iter::once(Ok(ChangeRun { blocks: 0..blocks, change: Change::Data }))
}

#[test]
fn a_cancelled_writer_ends_and_the_next_one_goes_on() {
    let store = TestStore::in_memory(5);
    let disk = filled(200);
    let mut cancelled = 0;
    for questions in 1..30 {
        let progress = StopsAfter(Cell::new(questions));
        let written = store.store.write(&request(&disk, None), &disk, runs(200), &store.leases, &progress);
        match written {
            Err(WriteError::Cancelled) => cancelled += 1,
            written => store.check(&written.unwrap().root, &disk),
        }
    }
    assert!(cancelled > 1);
    store.check(&store.write_all(&disk, None).root, &disk);
}

/// A disk that fails, or whose driver panics, at one block.
struct BrokenDisk {
    disk: SeedDisk,
    block: u64,
    panics: bool,
}

impl Disk for BrokenDisk {
    fn size(&self) -> u64 {
        self.disk.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), ReadDiskError> {
        if (offset..offset + buf.len() as u64).contains(&(self.block * 65536)) {
            assert!(!self.panics, "as planned");
            return Err(ReadDiskError::HeaderChanged);
        }
        self.disk.read_at(offset, buf)
    }

    fn extent_at(&self, offset: u64) -> Result<Extent, ReadDiskError> {
        self.disk.extent_at(offset)
    }

    fn check_unchanged(&self) -> Result<(), ReadDiskError> {
        Ok(())
    }
}

#[test]
fn a_disk_that_fails_ends_the_backup_and_one_that_panics_the_trust_in_it() {
    let store = TestStore::in_memory(5);
    for (block, panics) in [(0, false), (150, false), (299, false), (150, true)] {
        let disk = BrokenDisk { disk: filled(300), block, panics };
        let request = request(&disk.disk, None);
        let written = store.store.write(&request, &disk, runs(300), &store.leases, &NoProgress);
        match written {
            Err(WriteError::Disk(ReadDiskError::HeaderChanged)) => assert!(!panics),
            Err(WriteError::WorkerBroken) => assert!(panics),
            other => panic!("{other:?}"),
        }
        assert_eq!(store.store.is_poisoned(), panics);
    }
}

#[test]
fn what_the_caller_cannot_tell_ends_the_backup() {
    let store = TestStore::in_memory(5);
    let disk = filled(20);
    let runs = [Ok(ChangeRun { blocks: 0..10, change: Change::Data }), Err(ReadDiskError::HeaderChanged)];
    let written = store.store.write(&request(&disk, None), &disk, runs, &store.leases, &NoProgress);
    assert!(matches!(written, Err(WriteError::Changes(source)) if source.is::<ReadDiskError>()));
    let written = store.write(&disk, None, &[(0..10, Change::Data), (11..20, Change::Zero)]);
    assert!(matches!(written, Err(WriteError::Runs { expected: 10, found }) if found == (11..20)));
}

#[test]
fn the_least_memory_is_enough_for_blocks_that_do_not_compress() {
    let options = StoreOptions { write_memory: 0, reserve: Some(0), ..StoreOptions::default() };
    let store = TestStore::create(in_memory(), &options);
    let mut disk = SeedDisk::new(1000);
    disk.seeds = (0..1000).map(|block| (block, u32::try_from(block * 2 + 1).unwrap())).collect();
    let written = store.write_all(&disk, None);
    store.check(&written.root, &disk);
    // Half of 8 MiB is 64 blocks, so that memory and not their number has sealed the segments.
    assert_eq!(written.segments, 16);
}
