//! Operations of the storage fail, each in turn; then the store is opened again and looked at.

use crate::disk::SeedDisk;
use crate::faulty_store::{Fault, FaultyStore};
use crate::harness::{TestStore, request, small_segments};
use imprint_blob_store::BlobStore;
use imprint_domain::{InstallationUuid, VolumeSize};
use imprint_image_store::{Change, ImageStore, Known, MapRoot, ReadError, WriteError};
use std::sync::Arc;

const BLOCKS: u64 = 1200;

fn blobs(objects: &FaultyStore) -> BlobStore {
    BlobStore::from_object_store(Arc::new(objects.clone()))
}

fn disk(generation: u32) -> SeedDisk {
    let mut disk = SeedDisk::new(BLOCKS);
    for block in (0..BLOCKS).step_by(100) {
        disk.seeds.insert(block, u32::try_from(block).unwrap() + generation);
    }
    disk
}

struct Store {
    objects: FaultyStore,
    installation: InstallationUuid,
    opened: TestStore,
}

impl Store {
    fn create() -> Self {
        let objects = FaultyStore::default();
        let installation = InstallationUuid::random();
        let runtime = crate::harness::runtime();
        let options = small_segments(2);
        let store = runtime.block_on(ImageStore::create(blobs(&objects), installation, &options)).unwrap();
        Self {
            objects,
            installation,
            opened: TestStore { runtime, store, leases: crate::harness::RecordingLeases::default() },
        }
    }

    /// What a restart does.
    fn reopen(&mut self) {
        let known = Known { installation: self.installation, epoch: 0, next_catalog_seq: 1 };
        let options = small_segments(2);
        let opened = ImageStore::open(blobs(&self.objects), &known, &options);
        self.opened.store = self.opened.runtime.block_on(opened).unwrap();
    }

    fn write(&self, disk: &SeedDisk, parent: Option<MapRoot>) -> Result<MapRoot, WriteError> {
        let mut runs = Vec::new();
        for block in 0..disk.blocks() {
            let change = if disk.seeds.contains_key(&block) { Change::Data } else { Change::Zero };
            runs.push((block..block + 1, change));
        }
        let written = self.opened.write_with(&request(disk, parent), disk, &runs);
        written.map(|written| written.root)
    }
}

#[test]
fn a_put_that_fails_costs_the_backup_and_nothing_else() {
    for fault in Fault::PUTS {
        let mut store = Store::create();
        let full = store.write(&disk(0), None).unwrap();
        let mut failed = 0;
        for after in 0.. {
            store.objects.fail(fault, after);
            let result = store.write(&disk(1), Some(full));
            if store.objects.heal() {
                store.opened.check(&result.unwrap(), &disk(1));
                break;
            }
            failed += 1;
            let full_disk = fault == Fault::PutFull;
            match result.unwrap_err() {
                WriteError::StorageFull => assert!(full_disk),
                WriteError::Store(_) => assert!(!full_disk),
                other => panic!("{other:?}"),
            }
            // Only a full disk is something that the same store may go on after.
            assert_eq!(store.opened.store.is_poisoned(), !full_disk);
            let next = store.write(&disk(2), Some(full));
            assert_eq!(matches!(next, Err(WriteError::Poisoned)), !full_disk);
            store.reopen();
            store.opened.check(&full, &disk(0));
            let again = store.write(&disk(1), Some(full)).unwrap();
            store.opened.check(&again, &disk(1));
        }
        assert!(failed >= 6, "{failed} objects");
    }
}

#[test]
fn a_read_that_fails_is_an_error_or_costs_only_space() {
    for fault in Fault::GETS {
        let mut store = Store::create();
        let full = store.write(&disk(0), None).unwrap();
        let mut succeeded = 0;
        for after in 0.. {
            store.reopen();
            store.objects.fail(fault, after);
            let mut buf = vec![0; 65536];
            let read = store.opened.store.reader().read_at(&full, 500 * 65536, &mut buf);
            if store.objects.heal() {
                break;
            }
            match read {
                Err(ReadError::Store { .. } | ReadError::Missing { .. } | ReadError::Damaged { .. }) => {}
                // An object that is not found is looked for again, and is there.
                Ok(()) if fault == Fault::GetNotFound => assert!(buf == disk(0).block(500)),
                other => panic!("{fault:?}: {other:?}"),
            }
            store.opened.check(&full, &disk(0));
        }
        for after in 0..40 {
            store.reopen();
            store.objects.fail(fault, after);
            match store.write(&disk(1), Some(full)) {
                Ok(root) => {
                    succeeded += 1;
                    store.objects.heal();
                    store.opened.check(&root, &disk(1));
                }
                Err(WriteError::Parent(_)) => assert!(!store.objects.heal()),
                Err(other) => panic!("{fault:?}: {other:?}"),
            }
        }
        assert!(succeeded > 0);
    }
}

#[test]
fn one_block_of_a_huge_volume_is_read_by_way_of_its_path() {
    let mut store = Store::create();
    let mut huge = SeedDisk { size: VolumeSize::new(16 << 40).unwrap().bytes(), ..SeedDisk::default() };
    let blocks = huge.blocks();
    huge.seeds.insert(200_000_000, 5);
    let runs = |at: u64, rest| [(0..at, rest), (at..at + 1, Change::Data), (at + 1..blocks, rest)];
    let full = store.opened.write(&huge, None, &runs(200_000_000, Change::Zero)).unwrap().root;
    store.reopen();
    let before = store.objects.gets();
    let mut next = huge.clone();
    next.seeds.insert(3, 8);
    let written = store.opened.write(&next, Some(full), &runs(3, Change::Unchanged)).unwrap();
    assert_eq!((written.segments, written.bytes_read), (1, 65536));
    assert!(store.objects.gets() - before <= 4, "{} reads", store.objects.gets() - before);
    store.opened.check(&written.root, &next);
}

#[test]
fn a_backend_that_panics_is_an_error_and_not_a_writer_that_waits_for_ever() {
    let mut store = Store::create();
    let full = store.write(&disk(0), None).unwrap();
    store.objects.fail(Fault::PutPanics, 1);
    assert!(matches!(store.write(&disk(1), Some(full)), Err(WriteError::WorkerBroken)));
    assert!(matches!(store.write(&disk(1), Some(full)), Err(WriteError::Poisoned)));
    store.reopen();
    let again = store.write(&disk(1), Some(full)).unwrap();
    store.opened.check(&again, &disk(1));
}
