//! What a writer promises.

use crate::disk::SeedDisk;
use crate::harness::{TestStore, Told};
use imprint_image_store::{Change, WriteError};

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
