//! The real local backend on a disk that loses power at any step, or runs full: what was acknowledged is there, whole.

use crate::disk::SeedDisk;
use crate::harness::{RecordingLeases, TestStore, runtime, small_segments};
use imprint_blob_store::{BlobStore, ObjectKind};
use imprint_domain::{InstallationUuid, SegmentId};
use imprint_image_store::{Change, CreateStoreError, ImageStore, Known, MapRoot, OpenStoreError, Segment, WriteError};
use imprint_test_support::{Effect, Fault, Lasts, PowerCutFs, Step, Survives};
use std::sync::Arc;
use tokio::runtime::Runtime;

const STEPS: [Step; 3] = [Step::Write, Step::Sync, Step::Name];
const BLOCKS: u64 = 1100;

fn disk(generation: u32) -> SeedDisk {
    let mut disk = SeedDisk::new(BLOCKS);
    for block in [0, 1, 2, 700, 1024, 1099] {
        disk.seeds.insert(block, generation * 5000 + u32::try_from(block).unwrap());
    }
    disk
}

/// A disk that loses power; `None` where the system cannot mount one, which the faults of the object store make up for.
fn mount() -> Option<PowerCutFs> {
    PowerCutFs::mount().inspect_err(|error| eprintln!("not tried: {error}")).ok()
}

fn open(fs: &PowerCutFs, runtime: &Arc<Runtime>, us: InstallationUuid) -> Result<TestStore, OpenStoreError> {
    let known = Known { installation: us, epoch: 0, next_catalog_seq: 1 };
    let blobs = BlobStore::open_local(fs.path()).map_err(OpenStoreError::Store)?;
    let store = runtime.block_on(ImageStore::open(blobs, &known, &small_segments(2)))?;
    Ok(TestStore { runtime: Arc::clone(runtime), store, leases: RecordingLeases::default() })
}

fn write(store: &TestStore, generation: u32, parent: Option<MapRoot>) -> Result<MapRoot, WriteError> {
    let disk = disk(generation);
    let mut runs = Vec::new();
    for block in 0..BLOCKS {
        let change = if disk.seeds.contains_key(&block) { Change::Data } else { Change::Zero };
        runs.push((block..block + 1, change));
    }
    store.write(&disk, parent, &runs).map(|written| written.root)
}

/// What survives, in turn: nothing unsynced, or a random part of it.
fn survivors(number: u64) -> Survives {
    if number.is_multiple_of(2) { Survives::DurableOnly } else { Survives::SomeUnsynced { seed: number } }
}

#[test]
fn acknowledged_states_survive_a_power_cut_at_any_step() {
    let Some(fs) = mount() else { return };
    let (runtime, us) = (runtime(), InstallationUuid::random());
    let blobs = BlobStore::open_local(fs.path()).unwrap();
    runtime.block_on(ImageStore::create(blobs, us, &small_segments(2))).unwrap();
    let mut acknowledged: Vec<(MapRoot, u32)> = Vec::new();
    let mut generation = 0;
    for after in 0.. {
        fs.inject(Fault { steps: STEPS.to_vec(), after, effect: Effect::PowerCut, lasts: Lasts::Once });
        let store = open(&fs, &runtime, us).unwrap();
        generation += 1;
        let parent = acknowledged.last().map(|(root, _)| *root);
        let written = write(&store, generation, parent);
        let survived_all = written.is_ok() && !fs.is_cut();
        acknowledged.extend(written.ok().map(|root| (root, generation)));
        fs.cut_power();
        fs.restore(survivors(after));
        let store = open(&fs, &runtime, us).unwrap();
        for (root, generation) in &acknowledged {
            store.check(root, &disk(*generation));
        }
        if survived_all {
            assert!(after > 20, "{after} steps");
            break;
        }
    }
}

#[test]
fn a_store_whose_making_was_cut_short_is_made_again() {
    let (runtime, us) = (runtime(), InstallationUuid::random());
    for after in (0..).step_by(7) {
        let Some(fs) = mount() else { return };
        fs.inject(Fault { steps: STEPS.to_vec(), after, effect: Effect::PowerCut, lasts: Lasts::Once });
        let create = || {
            let blobs = BlobStore::open_local(fs.path()).map_err(CreateStoreError::Store)?;
            runtime.block_on(ImageStore::create(blobs, us, &small_segments(2)))
        };
        let made = create();
        let was_cut = fs.is_cut();
        fs.cut_power();
        fs.restore(survivors(after));
        match open(&fs, &runtime, us) {
            Ok(store) => assert!(made.is_err() || made.unwrap().uuid() == store.store.uuid()),
            Err(OpenStoreError::NotAStore) => {
                assert!(made.is_err());
                create().unwrap();
                open(&fs, &runtime, us).unwrap();
            }
            Err(other) => panic!("{after}: {other:?}"),
        }
        if !was_cut {
            break;
        }
    }
}

#[test]
fn a_disk_that_runs_full_fails_the_backup_and_leaves_no_torn_segment() {
    let Some(fs) = mount() else { return };
    let (runtime, us) = (runtime(), InstallationUuid::random());
    let blobs = BlobStore::open_local(fs.path()).unwrap();
    runtime.block_on(ImageStore::create(blobs, us, &small_segments(2))).unwrap();
    let store = open(&fs, &runtime, us).unwrap();
    let full = write(&store, 1, None).unwrap();
    fs.set_capacity(700_000);
    let mut disk = SeedDisk::new(BLOCKS);
    disk.seeds = (0..30).map(|block| (block, u32::try_from(block * 2 + 1).unwrap())).collect();
    let written = store.write(&disk, Some(full), &[(0..BLOCKS, Change::Data)]);
    assert!(matches!(written, Err(WriteError::StorageFull)), "{written:?}");
    check_segments(&store);
    fs.set_capacity(64 << 20);
    let again = store.write_all(&disk, Some(full));
    store.check(&again.root, &disk);
    store.check(&full, &self::disk(1));
}

/// Every segment that is there is whole.
fn check_segments(store: &TestStore) {
    let segments = store.runtime.block_on(store.store.blobs().list(ObjectKind::Segment)).unwrap();
    assert!(!segments.is_empty());
    for object in segments {
        let bytes = store.runtime.block_on(store.store.blobs().get(&object.key)).unwrap();
        let segment = Segment::decode(bytes).unwrap();
        let id: SegmentId = segment.id();
        assert!(object.key.to_string().contains(&id.to_string()));
        (0..segment.slots()).for_each(|slot| drop(segment.read_slot(slot).unwrap()));
    }
}

#[test]
fn a_failed_write_or_sync_poisons_the_store_until_it_is_opened_again() {
    let Some(fs) = mount() else { return };
    let (runtime, us) = (runtime(), InstallationUuid::random());
    let blobs = BlobStore::open_local(fs.path()).unwrap();
    runtime.block_on(ImageStore::create(blobs, us, &small_segments(2))).unwrap();
    let store = open(&fs, &runtime, us).unwrap();
    let full = write(&store, 1, None).unwrap();
    drop(store);
    for (number, step) in (0..).zip([Step::Write, Step::Sync, Step::Name]) {
        let store = open(&fs, &runtime, us).unwrap();
        let errno = 5; // EIO
        fs.inject(Fault { steps: vec![step], after: 1, effect: Effect::Errno(errno), lasts: Lasts::Once });
        let failed = write(&store, 2 + number, Some(full));
        assert!(matches!(failed, Err(WriteError::Store(_))), "{step:?}: {failed:?}");
        assert!(matches!(write(&store, 2 + number, Some(full)), Err(WriteError::Poisoned)));
        fs.heal();
        drop(store);
        let store = open(&fs, &runtime, us).unwrap();
        let again = write(&store, 2 + number, Some(full)).unwrap();
        drop(store);
        fs.cut_power();
        fs.restore(Survives::DurableOnly);
        let store = open(&fs, &runtime, us).unwrap();
        store.check(&again, &disk(2 + number));
        store.check(&full, &disk(1));
    }
}

#[test]
fn short_writes_are_finished() {
    let Some(fs) = mount() else { return };
    let (runtime, us) = (runtime(), InstallationUuid::random());
    fs.inject(Fault { steps: vec![Step::Write], after: 0, effect: Effect::ShortWrite, lasts: Lasts::UntilHealed });
    let blobs = BlobStore::open_local(fs.path()).unwrap();
    runtime.block_on(ImageStore::create(blobs, us, &small_segments(2))).unwrap();
    let store = open(&fs, &runtime, us).unwrap();
    let root = write(&store, 1, None).unwrap();
    store.check(&root, &disk(1));
    check_segments(&store);
}
