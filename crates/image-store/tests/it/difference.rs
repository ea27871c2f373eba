//! What has changed between two states, and whether all of a state is there.

use crate::disk::SeedDisk;
use crate::harness::TestStore;
use imprint_blob_store::{ObjectKey, ObjectKind};
use imprint_domain::{InstallationUuid, VolumeSize};
use imprint_image_store::{Change, ChangeRun, ImageStore, Known, MapRoot, ReadError, StoreOptions};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn runs(store: &TestStore, root: &MapRoot, base: Option<&MapRoot>) -> Vec<ChangeRun> {
    store.store.reader().changed_runs(root, base).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Asserts that what the runs say is so, block by block.
fn check(store: &TestStore, (root, disk): (&MapRoot, &SeedDisk), base: Option<(&MapRoot, &SeedDisk)>) -> u64 {
    let (mut next, mut data) = (0, 0);
    for run in runs(store, root, base.map(|(root, _)| root)) {
        assert_eq!(run.blocks.start, next);
        assert!(run.blocks.end > next);
        next = run.blocks.end;
        for block in run.blocks {
            let now = disk.seeds.get(&block);
            match run.change {
                Change::Zero => assert_eq!(now, None, "{block}"),
                Change::Unchanged => assert_eq!(base.unwrap().1.seeds.get(&block), now, "{block}"),
                Change::Data => {
                    assert!(now.is_some(), "{block}");
                    data += 1;
                }
            }
        }
    }
    assert_eq!(next, disk.blocks());
    data
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn only_what_was_stored_anew_is_changed(
        first in btree_map(0u64..3000, 1u32..50, 0..60),
        changes in btree_map(0u64..3000, prop_oneof![Just(0u32), 1u32..50], 0..40),
        sizes in (1u64..3000, 1u64..3000),
    ) {
        let disk = |seeds: BTreeMap<u64, u32>, blocks: u64| {
            let seeds = seeds.into_iter().filter(|(block, seed)| *block < blocks && *seed > 0).collect();
            SeedDisk { seeds, ..SeedDisk::new(blocks) }
        };
        let mut second = first.clone();
        second.extend(changes);
        let (before, after) = (disk(first, sizes.0), disk(second, sizes.1));
        let store = TestStore::in_memory(7);
        let base = store.write_all(&before, None).root;
        let root = store.write_all(&after, Some(base)).root;
        let differing = after.seeds.iter().filter(|(block, seed)| before.seeds.get(block) != Some(seed)).count() as u64;
        let changed = check(&store, (&root, &after), Some((&base, &before)));
        // Consolidation may move blocks; what differs always shows.
        prop_assert!(changed >= differing, "{changed} {differing}");
        prop_assert_eq!(check(&store, (&root, &after), None), after.seeds.len() as u64);
        prop_assert_eq!(check(&store, (&root, &after), Some((&root, &after))), 0);
    }
}

#[test]
fn two_states_that_share_all_but_a_block_are_compared_without_reading_what_they_share() {
    let seeds = (0..100u32).map(|leaf| (u64::from(leaf) * 1024, leaf + 1)).collect();
    let mut disk = SeedDisk { seeds, ..SeedDisk::new(100 * 1024) };
    let store = TestStore::in_memory(64);
    let base = store.write_all(&disk, None).root;
    disk.seeds.insert(50 * 1024 + 7, 999);
    let root = store.write_all(&disk, Some(base)).root;
    let runs = runs(&store, &root, Some(&base));
    let changed: Vec<_> = runs.iter().filter(|run| run.change == Change::Data).map(|run| run.blocks.clone()).collect();
    let at = 50 * 1024 + 7;
    assert_eq!(changed, vec![at..at + 1]);
    assert!(runs.len() < 110, "{}", runs.len());
}

#[test]
fn a_state_of_which_a_segment_is_lost_is_not_whole_and_others_are() {
    let store = TestStore::in_memory(4);
    let disk = |blocks: u32, first: u32| SeedDisk {
        seeds: (0..blocks).map(|block| (u64::from(block), first + block)).collect(),
        ..SeedDisk::new(64)
    };
    let (disk, other) = (disk(64, 1), disk(3, 900));
    let (root, whole) = (store.write_all(&disk, None).root, store.write_all(&other, None).root);
    let zero = MapRoot::zero(store.store.uuid(), VolumeSize::new(1 << 20).unwrap());
    let check = |root: &MapRoot| store.store.reader().presence().check(root, &|| true);
    for root in [&root, &whole, &zero] {
        assert!(matches!(check(root), Ok(Some(()))));
    }
    assert!(matches!(store.store.reader().presence().check(&root, &|| false), Ok(None)));
    let mut shared = store.store.reader().presence();
    assert!(matches!(shared.check(&root, &|| true), Ok(Some(()))));
    // What was found whole is not looked at again.
    assert!(matches!(shared.check(&root, &|| false), Ok(Some(()))));
    let blobs = store.store.blobs();
    let segments = store.runtime.block_on(blobs.list(ObjectKind::Segment)).unwrap();
    let mut lost = 0;
    for segment in segments {
        let ObjectKey::Segment { .. } = segment.key else { continue };
        let bytes = store.runtime.block_on(blobs.get(&segment.key)).unwrap();
        store.runtime.block_on(blobs.delete(&segment.key)).unwrap();
        // A reader that has the directory in memory must not be asked.
        let stranger = Known { installation: InstallationUuid::random(), epoch: 0, next_catalog_seq: 1 };
        let options = StoreOptions::default();
        let fresh = store.runtime.block_on(ImageStore::open(blobs.clone(), &stranger, &options)).unwrap();
        let found = [&root, &whole].map(|root| fresh.reader().presence().check(root, &|| true));
        let missing = found.iter().filter(|found| matches!(found, Err(ReadError::Missing { .. }))).count();
        assert_eq!(missing, 1, "{found:?}");
        lost += 1;
        store.runtime.block_on(blobs.put(&segment.key, vec![bytes])).unwrap();
    }
    assert!(lost > 3);
}
