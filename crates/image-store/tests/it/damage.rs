//! Stored bytes change under the store's feet: what is read is right, or an error that names the block.

use crate::disk::SeedDisk;
use crate::harness::{RecordingLeases, TestStore, request, runtime, small_segments};
use bytes::Bytes;
use imprint_blob_store::{BlobStore, ObjectKind};
use imprint_domain::{BLOCK_SIZE, BlockIndex, InstallationUuid, SegmentId};
use imprint_image_store::{Change, Consolidation, ImageStore, Known, MapRoot, ReadError, Segment, WriteRequest};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use std::sync::Arc;

const BLOCKS: u64 = 4;

/// A store of two segments: blocks 0 and 1 in the first, 2, 3 and the leaf in the second.
struct Victim {
    objects: Arc<InMemory>,
    store: TestStore,
    installation: InstallationUuid,
    disk: SeedDisk,
    root: MapRoot,
    segments: Vec<(SegmentId, Path, Bytes)>,
}

impl Victim {
    fn new() -> Self {
        let mut disk = SeedDisk::new(BLOCKS);
        // All of them compress, so that every byte can be tried.
        disk.seeds = (0..BLOCKS).map(|block| (block, u32::try_from(block * 2).unwrap())).collect();
        Self::of(disk)
    }

    fn of(disk: SeedDisk) -> Self {
        let objects = Arc::new(InMemory::new());
        let installation = InstallationUuid::random();
        let runtime = runtime();
        let blobs = BlobStore::from_object_store(Arc::clone(&objects) as _);
        let store = runtime.block_on(ImageStore::create(blobs, installation, &small_segments(2))).unwrap();
        let store = TestStore { runtime, store, leases: RecordingLeases::default() };
        let root = store.write_all(&disk, None).root;
        let listed = store.runtime.block_on(store.store.blobs().list(ObjectKind::Segment)).unwrap();
        let segments = listed.iter().map(|object| {
            let path = Path::from(object.key.to_string());
            let bytes = store.runtime.block_on(async { objects.get(&path).await.unwrap().bytes().await.unwrap() });
            (Segment::decode(bytes.clone()).unwrap().id(), path, bytes)
        });
        let segments = segments.collect();
        Self { objects, store, installation, disk, root, segments }
    }

    /// The first segment as it is stored: nothing but two data slots, the first of which follows the header.
    fn data_segment(&self) -> (SegmentId, Path, Bytes) {
        let data = self.segments.iter().find(|(_, _, bytes)| Segment::decode(bytes.clone()).unwrap().slots() == 2);
        data.unwrap().clone()
    }

    fn replace(&mut self, path: &Path, bytes: Bytes) {
        self.store.runtime.block_on(self.objects.put(path, bytes.into())).unwrap();
        self.reopen();
    }

    /// Opens the store anew: nothing is remembered.
    fn reopen(&mut self) {
        let known = Known { installation: self.installation, epoch: 0, next_catalog_seq: 1 };
        let blobs = BlobStore::from_object_store(Arc::clone(&self.objects) as _);
        self.store.store = self.store.runtime.block_on(ImageStore::open(blobs, &known, &small_segments(2))).unwrap();
    }

    fn read(&self, root: &MapRoot, block: u64, blocks: usize) -> Result<(), ReadError> {
        self.store.store.reader().read_at(root, block * BLOCK_SIZE, &mut vec![0; blocks * 65536])
    }

    /// Replaces an object and opens the store anew. Answers which blocks cannot be read; the others are right.
    fn lost_blocks(&mut self, path: &Path, bytes: Bytes) -> Vec<u64> {
        self.replace(path, bytes);
        let mut lost = Vec::new();
        for block in 0..BLOCKS {
            let mut buf = vec![0; 65536];
            match self.store.store.reader().read_at(&self.root, block * BLOCK_SIZE, &mut buf) {
                Ok(()) => assert!(buf == self.disk.block(block), "wrong bytes for block {block}"),
                Err(ReadError::Damaged { segment, block: BlockIndex(named), .. }) => {
                    assert!(self.segments.iter().any(|(id, _, _)| *id == segment));
                    // A damaged leaf names the first block that it covers.
                    assert!(named == block || named == 0);
                    lost.push(block);
                }
                Err(other) => panic!("block {block}: {other:?}"),
            }
        }
        lost
    }
}

#[test]
fn a_flipped_byte_anywhere_never_gives_wrong_bytes() {
    let mut victim = Victim::new();
    for (_, path, good) in victim.segments.clone() {
        let mut damaged = 0;
        for at in 0..good.len() {
            let mut bytes = good.to_vec();
            bytes[at] ^= 1 << (at % 8);
            damaged += usize::from(!victim.lost_blocks(&path, bytes.into()).is_empty());
        }
        assert!(damaged > good.len() / 2);
        assert!(victim.lost_blocks(&path, good).is_empty());
    }
}

#[test]
fn a_damaged_block_hurts_nobody_else() {
    let mut victim = Victim::new();
    let (_, path, good) = victim.data_segment();
    assert_eq!(victim.lost_blocks(&path, first_slot_flipped(&good)), [0]);
}

/// A segment whose first slot is damaged.
fn first_slot_flipped(good: &[u8]) -> Bytes {
    let mut bytes = good.to_vec();
    bytes[130] ^= 0x10;
    bytes.into()
}

#[test]
fn an_object_cut_short_or_swapped_is_noticed() {
    let mut victim = Victim::new();
    let segments = victim.segments.clone();
    for (index, (_, path, good)) in segments.iter().enumerate() {
        for len in [0, 1, 63, 64, 127, 128, good.len() / 2, good.len() - 1] {
            assert!(!victim.lost_blocks(path, good.slice(..len)).is_empty(), "cut to {len} bytes");
        }
        let other = segments[1 - index].2.clone();
        assert!(!victim.lost_blocks(path, other).is_empty());
        assert!(victim.lost_blocks(path, good.clone()).is_empty());
    }
}

#[test]
fn the_next_backup_stores_what_was_in_a_damaged_segment_again() {
    let mut victim = Victim::new();
    let (_, path, good) = victim.data_segment();
    // Not a single slot of the segment can be trusted without its footer.
    assert_eq!(victim.lost_blocks(&path, good.slice(..good.len() - 1)), [0, 1]);
    let again = victim.store.write_all(&victim.disk, Some(victim.root));
    assert_eq!(again.blocks_stored, 2);
    victim.store.check(&again.root, &victim.disk);
}

#[test]
fn the_next_backup_stores_a_block_that_was_found_damaged_again() {
    for consolidation in [Consolidation::Crowded, Consolidation::CrowdedAndSmall] {
        let mut victim = Victim::new();
        let (_, path, good) = victim.data_segment();
        assert_eq!(victim.lost_blocks(&path, first_slot_flipped(&good)), [0]);
        let request = WriteRequest { consolidation, ..request(&victim.disk, Some(victim.root)) };
        let again = victim.store.write_with(&request, &victim.disk, &[(0..BLOCKS, Change::Data)]).unwrap();
        if consolidation == Consolidation::Crowded {
            assert_eq!(again.blocks_stored, 1);
        }
        victim.reopen();
        victim.store.check(&again.root, &victim.disk);
        let old = victim.read(&victim.root, 0, 1);
        assert!(matches!(old, Err(ReadError::Damaged { slot: 0, .. })), "{old:?}");
    }
}

#[test]
fn damage_beside_what_a_read_failed_at_is_found_with_it() {
    let mut victim = Victim::new();
    let (_, path, good) = victim.data_segment();
    let decoded = Segment::decode(good.clone()).unwrap();
    let both = (130..good.len()).find_map(|at| {
        let mut bytes = first_slot_flipped(&good).to_vec();
        bytes[at] ^= 1;
        let segment = Segment::decode(bytes.clone()).ok()?;
        (segment.id() == decoded.id() && segment.read_slot(1).is_err()).then_some(bytes)
    });
    victim.replace(&path, both.unwrap().into());
    let read = victim.read(&victim.root, 0, 4);
    assert!(matches!(read, Err(ReadError::Damaged { slot: 0, .. })), "{read:?}");
    let again = victim.store.write_all(&victim.disk, Some(victim.root));
    assert_eq!(again.blocks_stored, 2);
    victim.store.check(&again.root, &victim.disk);
}

#[test]
fn nodes_of_a_lost_segment_are_not_shared_out_of_memory() {
    let mut disk = SeedDisk::new(1026);
    disk.seeds = [(0, 2), (1, 4), (1024, 6), (1025, 8)].into();
    let mut victim = Victim::of(disk);
    // The second backup's one segment holds block 0 and both leaves; all else that the second leaf has lies elsewhere.
    victim.disk.seeds.insert(0, 10);
    victim.disk.seeds.remove(&1025);
    let second = victim.store.write_all(&victim.disk, Some(victim.root));
    assert_eq!((second.segments, second.blocks_stored), (1, 1));
    let listed = victim.store.runtime.block_on(victim.store.store.blobs().list(ObjectKind::Segment)).unwrap();
    let paths = listed.iter().map(|object| Path::from(object.key.to_string()));
    let newest = paths.into_iter().find(|path| victim.segments.iter().all(|(_, old, _)| old != path)).unwrap();

    victim.read(&second.root, 0, 1026).unwrap();
    victim.store.runtime.block_on(victim.objects.delete(&newest)).unwrap();
    let read = victim.read(&second.root, 0, 1);
    assert!(matches!(read, Err(ReadError::Missing { .. })), "{read:?}");
    let again = victim.store.write_all(&victim.disk, Some(second.root));
    victim.reopen();
    victim.store.check(&again.root, &victim.disk);
}

#[test]
fn a_missing_segment_is_an_error_that_names_it() {
    let mut victim = Victim::new();
    let (id, path, good) = victim.data_segment();
    victim.lost_blocks(&path, good);
    victim.store.runtime.block_on(victim.objects.delete(&path)).unwrap();
    let mut buf = vec![0; 65536];
    let read = victim.store.store.reader().read_at(&victim.root, BLOCK_SIZE, &mut buf);
    assert!(matches!(read, Err(ReadError::Missing { segment, .. }) if segment == id), "{read:?}");
    let rest = victim.store.store.reader().read_at(&victim.root, 2 * BLOCK_SIZE, &mut buf);
    rest.unwrap();
    assert!(buf == victim.disk.block(2));
}
