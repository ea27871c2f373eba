//! Stores are made, opened and told apart.

use crate::harness::{TestStore, in_memory, runtime, small_segments};
use bytes::Bytes;
use imprint_blob_store::{BlobStore, ObjectKey};
use imprint_domain::{InstallationUuid, VolumeSize};
use imprint_image_store::{
    Access, CatalogError, CreateStoreError, ImageStore, Known, MapRoot, OpenStoreError, ReadError, ReadOnlyReason,
    StoreOptions, WriteError,
};

fn known(installation: InstallationUuid) -> Known {
    Known { installation, epoch: 0, next_catalog_seq: 1 }
}

fn open(blobs: &BlobStore, known: &Known) -> Result<ImageStore, OpenStoreError> {
    runtime().block_on(ImageStore::open(blobs.clone(), known, &StoreOptions::default()))
}

fn put(blobs: &BlobStore, key: ObjectKey, bytes: &'static [u8]) {
    runtime().block_on(blobs.put(&key, vec![Bytes::from_static(bytes)])).unwrap();
}

#[test]
fn a_place_that_is_no_store_is_told_from_a_damaged_one() {
    let blobs = in_memory();
    let us = known(InstallationUuid::random());
    assert!(matches!(open(&blobs, &us), Err(OpenStoreError::NotAStore)));
    put(&blobs, ObjectKey::StoreFile, b"{}\n");
    let damaged = open(&blobs, &us);
    assert!(matches!(damaged, Err(OpenStoreError::Damaged { key: ObjectKey::StoreFile })));
}

#[test]
fn a_store_without_a_readable_owner_is_damaged() {
    let store = TestStore::in_memory(4);
    let us = known(InstallationUuid::random());
    put(store.store.blobs(), ObjectKey::Owner(2), b"nobody\n");
    let opened = open(store.store.blobs(), &us);
    assert!(matches!(opened, Err(OpenStoreError::Damaged { key: ObjectKey::Owner(2) })));
}

#[test]
fn another_installation_reads_only() {
    let store = TestStore::in_memory(4);
    let mut disk = crate::disk::SeedDisk::new(10);
    disk.seeds.insert(3, 4);
    let root = store.write_all(&disk, None).root;
    let stranger = open(store.store.blobs(), &known(InstallationUuid::random())).unwrap();
    let Access::ReadOnly(reason) = stranger.access().clone() else { panic!("it may write") };
    assert!(matches!(reason, ReadOnlyReason::OtherInstallation { .. }));
    let theirs = TestStore { runtime: store.runtime.clone(), store: stranger, leases: store.leases };
    theirs.check(&root, &disk);
    let written = theirs.write(&disk, None, &[(0..10, imprint_image_store::Change::Data)]);
    assert!(matches!(written, Err(WriteError::ReadOnly(found)) if found == reason));
    let catalog = theirs.store.catalog();
    let published = catalog.publish(1, InstallationUuid::random(), Vec::new());
    let published = theirs.runtime.block_on(published);
    assert!(matches!(published, Err(CatalogError::Write(WriteError::ReadOnly(_)))));
}

#[test]
fn a_store_is_made_once_and_only_in_an_empty_place() {
    let directory = tempfile::tempdir().unwrap();
    let us = InstallationUuid::random();
    let create = |blobs: BlobStore| runtime().block_on(ImageStore::create(blobs, us, &StoreOptions::default()));
    let blobs = BlobStore::create_local(&directory.path().join("store")).unwrap();
    let made = create(blobs.clone()).unwrap();
    assert_eq!(made.access(), &Access::ReadWrite);
    assert!(matches!(create(blobs.clone()), Err(CreateStoreError::Exists)));
    assert_eq!(open(&blobs, &known(us)).unwrap().uuid(), made.uuid());

    std::fs::write(directory.path().join("notes.txt"), b"mine").unwrap();
    let elsewhere = BlobStore::open_local(directory.path()).unwrap();
    assert!(matches!(create(elsewhere), Err(CreateStoreError::NotEmpty { .. })));

    // A store that has lost its description is no empty place; one whose making was cut short is.
    let path = directory.path().join("store");
    std::fs::remove_file(path.join("store.json")).unwrap();
    assert_ne!(create(blobs.clone()).unwrap().uuid(), made.uuid());
    std::fs::remove_file(path.join("store.json")).unwrap();
    let id = imprint_domain::SegmentId::from_bytes([1; 32]);
    put(&blobs, ObjectKey::Segment { id, generation: 0 }, b"somebody's backup");
    assert!(matches!(create(blobs), Err(CreateStoreError::NotEmpty { .. })));
}

#[test]
fn a_root_of_another_store_is_refused() {
    let (store, other) = (TestStore::in_memory(4), TestStore::in_memory(4));
    let disk = crate::disk::SeedDisk::new(10);
    let foreign = MapRoot::zero(other.store.uuid(), VolumeSize::new(disk.size).unwrap());
    let read = store.store.reader().read_at(&foreign, 0, &mut [0; 10]);
    assert!(matches!(read, Err(ReadError::ForeignRoot { store }) if store == other.store.uuid()));
    let written = store.write(&disk, Some(foreign), &[(0..10, imprint_image_store::Change::Data)]);
    assert!(matches!(written, Err(WriteError::Parent(ReadError::ForeignRoot { .. }))));
}

#[test]
fn writers_leave_room_for_metadata() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = BlobStore::open_local(directory.path()).unwrap();
    let options = StoreOptions { reserve: Some(u64::MAX), ..small_segments(4) };
    let store = TestStore::create(blobs, &options);
    let mut disk = crate::disk::SeedDisk::new(10);
    disk.seeds.insert(3, 4);
    let written = store.write(&disk, None, &[(0..10, imprint_image_store::Change::Data)]);
    assert!(matches!(written, Err(WriteError::StorageFull)));
    assert!(!store.store.is_poisoned());
}
