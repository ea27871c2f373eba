//! Stored bytes change under the store's feet: what is read is right, or an error that names the block.

use crate::disk::SeedDisk;
use crate::harness::{RecordingLeases, TestStore, runtime, small_segments};
use bytes::Bytes;
use imprint_blob_store::{BlobStore, ObjectKind};
use imprint_domain::{BLOCK_SIZE, BlockIndex, InstallationUuid, SegmentId};
use imprint_image_store::{ImageStore, Known, MapRoot, ReadError, Segment};
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
        let objects = Arc::new(InMemory::new());
        let installation = InstallationUuid::random();
        let runtime = runtime();
        let blobs = BlobStore::from_object_store(Arc::clone(&objects) as _);
        let store = runtime.block_on(ImageStore::create(blobs, installation, &small_segments(2))).unwrap();
        let store = TestStore { runtime, store, leases: RecordingLeases::default() };
        let mut disk = SeedDisk::new(BLOCKS);
        // All of them compress, so that every byte can be tried.
        disk.seeds = (0..BLOCKS).map(|block| (block, u32::try_from(block * 2).unwrap())).collect();
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

    /// Replaces an object and opens the store anew. Answers which blocks cannot be read; the others are right.
    fn lost_blocks(&mut self, path: &Path, bytes: Bytes) -> Vec<u64> {
        self.store.runtime.block_on(self.objects.put(path, bytes.into())).unwrap();
        let known = Known { installation: self.installation, epoch: 0, next_catalog_seq: 1 };
        let blobs = BlobStore::from_object_store(Arc::clone(&self.objects) as _);
        self.store.store = self.store.runtime.block_on(ImageStore::open(blobs, &known, &small_segments(2))).unwrap();
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
    let data = victim.segments.iter().find(|(_, _, bytes)| Segment::decode(bytes.clone()).unwrap().slots() == 2);
    let (_, path, good) = data.unwrap().clone();
    // The first slot's bytes follow the header.
    let mut bytes = good.to_vec();
    bytes[130] ^= 0x10;
    assert_eq!(victim.lost_blocks(&path, bytes.into()), [0]);
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
    let data = victim.segments.iter().find(|(_, _, bytes)| Segment::decode(bytes.clone()).unwrap().slots() == 2);
    let (_, path, good) = data.unwrap().clone();
    // Not a single slot of the segment can be trusted without its footer.
    assert_eq!(victim.lost_blocks(&path, good.slice(..good.len() - 1)), [0, 1]);
    let again = victim.store.write_all(&victim.disk, Some(victim.root));
    assert_eq!(again.blocks_stored, 2);
    victim.store.check(&again.root, &victim.disk);
}

#[test]
fn a_missing_segment_is_an_error_that_names_it() {
    let mut victim = Victim::new();
    let data = victim.segments.iter().find(|(_, _, bytes)| Segment::decode(bytes.clone()).unwrap().slots() == 2);
    let (id, path, good) = data.unwrap().clone();
    victim.lost_blocks(&path, good);
    victim.store.runtime.block_on(victim.objects.delete(&path)).unwrap();
    let mut buf = vec![0; 65536];
    let read = victim.store.store.reader().read_at(&victim.root, BLOCK_SIZE, &mut buf);
    assert!(matches!(read, Err(ReadError::Missing { segment, .. }) if segment == id), "{read:?}");
    let rest = victim.store.store.reader().read_at(&victim.root, 2 * BLOCK_SIZE, &mut buf);
    rest.unwrap();
    assert!(buf == victim.disk.block(2));
}
