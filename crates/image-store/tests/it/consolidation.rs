//! Writers keep leaves from pointing into ever more segments.

use crate::disk::SeedDisk;
use crate::harness::{TestStore, request};
use imprint_blob_store::ObjectKind;
use imprint_image_store::{Change, Consolidation, ImageStore, MapRoot, Node, Pointer, Segment, SlotKind, Written};
use std::collections::{BTreeMap, BTreeSet};

const BLOCKS: u64 = 1024;

/// A backup that is told of one block, and stores it in a segment of its own.
fn change_one(
    store: &TestStore,
    disk: &mut SeedDisk,
    parent: MapRoot,
    block: u64,
    consolidation: Consolidation,
) -> Written {
    disk.seeds.insert(block, 1_000_000 + u32::try_from(block).unwrap() * 2);
    let mut request = request(disk, Some(parent));
    request.consolidation = consolidation;
    let runs =
        [(0..block, Change::Unchanged), (block..block + 1, Change::Data), (block + 1..BLOCKS, Change::Unchanged)];
    store.write_with(&request, disk, &runs).unwrap()
}

/// The segments that hold the blocks of a volume of one leaf, and how many blocks each.
fn contributors(store: &TestStore, root: &MapRoot) -> BTreeMap<String, u64> {
    let leaf = leaf_of(&store.store, root, store);
    let mut found = BTreeMap::new();
    for run in leaf.runs() {
        if let Some(at) = run.target {
            *found.entry(at.segment.to_string()).or_default() += run.children.len() as u64;
        }
    }
    found
}

/// The top node, told by the bytes of the root alone.
fn leaf_of(image_store: &ImageStore, root: &MapRoot, store: &TestStore) -> Node {
    let bytes = *root.encode().as_bytes();
    let slot = u16::from_le_bytes(bytes[24..26].try_into().unwrap());
    let id = imprint_domain::SegmentId::from_bytes(bytes[32..64].try_into().unwrap());
    let key = imprint_blob_store::ObjectKey::Segment { id, generation: 0 };
    let segment = Segment::decode(store.runtime.block_on(image_store.blobs().get(&key)).unwrap()).unwrap();
    assert_eq!((segment.id(), segment.kind(slot)), (id, SlotKind::Node));
    Node::decode(&segment.read_slot(slot).unwrap(), Pointer { segment: id, slot }, 0, 0).unwrap()
}

fn full(store: &TestStore) -> (SeedDisk, MapRoot) {
    let mut disk = SeedDisk::new(BLOCKS);
    disk.seeds = (0..BLOCKS).map(|block| (block, u32::try_from(block).unwrap() * 2)).collect();
    let root = store.write_all(&disk, None).root;
    (disk, root)
}

#[test]
fn a_leaf_never_points_into_more_than_64_segments() {
    let store = TestStore::in_memory(1024);
    let (mut disk, mut root) = full(&store);
    let mut most = 0;
    let mut states = vec![(root, disk.clone())];
    for number in 0..140 {
        let written = change_one(&store, &mut disk, root, number * 7, Consolidation::Crowded);
        root = written.root;
        let found = contributors(&store, &root).len();
        assert!(found <= 64, "{found} after {number}");
        most = most.max(found);
        let copied = written.blocks_stored - 1;
        assert!(copied == 0 || copied >= 32, "{copied}");
        states.push((root, disk.clone()));
    }
    assert_eq!(most, 64);
    for (root, disk) in states.iter().step_by(20) {
        store.check(root, disk);
    }
    store.check(&root, &disk);
}

#[test]
fn of_small_segments_one_is_made() {
    let store = TestStore::in_memory(1024);
    let (mut disk, mut root) = full(&store);
    for block in 0..30 {
        root = change_one(&store, &mut disk, root, block * 9, Consolidation::Crowded).root;
    }
    assert_eq!(contributors(&store, &root).len(), 31);
    let written = change_one(&store, &mut disk, root, 1000, Consolidation::CrowdedAndSmall);
    assert_eq!((written.blocks_stored, written.segments), (31, 1));
    assert_eq!(contributors(&store, &written.root).values().copied().collect::<BTreeSet<_>>(), [31, 993].into());
    store.check(&written.root, &disk);
    // What is no longer small, and what is large, stays.
    let parent = written.root;
    let again = change_one(&store, &mut disk, parent, 1001, Consolidation::CrowdedAndSmall);
    assert_eq!(again.blocks_stored, 32);
    let segments = store.runtime.block_on(store.store.blobs().list(ObjectKind::Segment)).unwrap();
    assert_eq!(segments.len(), 1 + 30 + 2);
}

#[test]
fn small_segments_are_tidied_up_in_leaves_that_did_not_change() {
    let store = TestStore::in_memory(1024);
    let mut disk = SeedDisk::new(3 * BLOCKS);
    let mut root = store.write_all(&disk, None).root;
    for block in [5, 1500, 2900] {
        disk.seeds.insert(block, u32::try_from(block).unwrap());
        let blocks = disk.blocks();
        let runs =
            [(0..block, Change::Unchanged), (block..block + 1, Change::Data), (block + 1..blocks, Change::Unchanged)];
        root = store.write(&disk, Some(root), &runs).unwrap().root;
    }
    let mut request = request(&disk, Some(root));
    request.consolidation = Consolidation::CrowdedAndSmall;
    let written = store.write_with(&request, &disk, &[(0..disk.blocks(), Change::Unchanged)]).unwrap();
    assert_eq!((written.blocks_stored, written.segments, written.bytes_read), (3, 1, 0));
    store.check(&written.root, &disk);
}
