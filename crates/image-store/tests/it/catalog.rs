//! What a store says of itself.

use crate::faulty_store::{Fault, FaultyStore};
use crate::harness::{TestStore, small_segments};
use bytes::Bytes;
use imprint_blob_store::{BlobStore, ObjectKey};
use imprint_domain::{CatalogKind, CatalogRecord, CatalogState, InstallationUuid};
use imprint_image_store::{CatalogBatch, CatalogError, DecodeCatalogError, WriteError};
use std::sync::Arc;

fn record(kind: CatalogKind, uuid: &str, rev: u64) -> CatalogRecord {
    let inventory = serde_json::json!({"name": uuid, "unknown": {"kept": [1, 2]}});
    CatalogRecord {
        kind,
        uuid: uuid.to_owned(),
        rev,
        state: CatalogState::Live,
        root: Some("ab".repeat(96)),
        account: "a".repeat(32),
        volume: None,
        parent: None,
        group: None,
        mode: Some("full".to_owned()),
        method: None,
        created: "2026-11-02T10:00:00.000Z".to_owned(),
        inventory: inventory.as_object().unwrap().clone(),
    }
}

#[test]
fn the_highest_revision_of_each_resource_wins() {
    let store = TestStore::in_memory(4);
    let (catalog, us) = (store.store.catalog(), InstallationUuid::random());
    let tombstone = CatalogRecord { state: CatalogState::Tombstone, ..record(CatalogKind::Backup, "x", 3) };
    let batches = [
        vec![record(CatalogKind::Backup, "x", 2), record(CatalogKind::Image, "x", 1)],
        vec![tombstone.clone()],
        vec![record(CatalogKind::Backup, "x", 1), record(CatalogKind::Image, "y", 7)],
    ];
    for (seq, records) in (1..).zip(batches) {
        store.runtime.block_on(catalog.publish(seq, us, records)).unwrap();
    }
    let content = store.runtime.block_on(catalog.read_all()).unwrap();
    let expected = [tombstone, record(CatalogKind::Image, "x", 1), record(CatalogKind::Image, "y", 7)];
    assert_eq!(content.records, expected);
    assert_eq!((content.damaged, content.highest_seq), (vec![], Some(3)));
}

#[test]
fn a_damaged_object_is_named_and_the_others_are_read() {
    let store = TestStore::in_memory(4);
    let (catalog, us) = (store.store.catalog(), InstallationUuid::random());
    store.runtime.block_on(catalog.publish(1, us, vec![record(CatalogKind::Backup, "x", 1)])).unwrap();
    let key = store.runtime.block_on(catalog.publish(2, us, vec![record(CatalogKind::Backup, "y", 1)])).unwrap();
    let blobs = store.store.blobs();
    let mut bytes = store.runtime.block_on(blobs.get(&key)).unwrap().to_vec();
    bytes[40] ^= 1;
    store.runtime.block_on(blobs.put(&key, vec![Bytes::from(bytes)])).unwrap();
    let content = store.runtime.block_on(catalog.read_all()).unwrap();
    assert_eq!(content.records, [record(CatalogKind::Backup, "x", 1)]);
    assert_eq!((content.damaged, content.highest_seq), (vec![key], Some(2)));
}

#[test]
fn a_batch_has_the_bytes_that_the_format_says() {
    let installation = "6f1c2a9be5d84c0f9a3e7b20d4c8f115".parse().unwrap();
    let batch = CatalogBatch::new(7, installation, vec![record(CatalogKind::Backup, "x", 2)]);
    let bytes = batch.encode();
    let text = str::from_utf8(&bytes).unwrap();
    let start = r#"{"format":1,"incompat":[],"seq":7,"installation":"6f1c2a9be5d84c0f9a3e7b20d4c8f115","records":[{"kind":"backup","uuid":"x","rev":2,"state":"live","root":"abab"#;
    assert!(text.starts_with(start), "{text}");
    let (line, hash) = text.trim_end().split_once('\n').unwrap();
    assert_eq!(hash, blake3::hash(line.as_bytes()).to_hex().as_str());
    assert_eq!(CatalogBatch::decode(&bytes), Ok(batch));
}

#[test]
fn later_formats_are_told_from_damage() {
    let hashed = |line: &str| format!("{line}\n{}\n", blake3::hash(line.as_bytes()).to_hex());
    for line in [
        r#"{"format":2,"incompat":[]}"#,
        r#"{"format":1,"incompat":["tape"],"seq":1}"#,
        r#"{"format":1,"keyId":1,"nonce":"","sealed":""}"#,
    ] {
        assert_eq!(CatalogBatch::decode(hashed(line).as_bytes()), Err(DecodeCatalogError::Unknown), "{line}");
    }
    assert_eq!(CatalogBatch::decode(b"{}"), Err(DecodeCatalogError::Damaged));
}

#[test]
fn a_batch_that_may_not_be_durable_poisons_the_store() {
    let objects = FaultyStore::default();
    let blobs = BlobStore::from_object_store(Arc::new(objects.clone()));
    let store = TestStore::create(blobs, &small_segments(4));
    let (catalog, us) = (store.store.catalog(), InstallationUuid::random());
    let publish = |seq| store.runtime.block_on(catalog.publish(seq, us, Vec::new()));
    objects.fail(Fault::PutFull, 0);
    assert!(matches!(publish(1), Err(CatalogError::Write(WriteError::StorageFull))));
    assert!(matches!(publish(2), Ok(ObjectKey::Catalog { seq: 2, .. })));
    objects.fail(Fault::PutTorn, 0);
    assert!(matches!(publish(3), Err(CatalogError::Write(WriteError::Store(_)))));
    assert!(matches!(publish(4), Err(CatalogError::Write(WriteError::Poisoned))));
    let content = store.runtime.block_on(catalog.read_all()).unwrap();
    assert_eq!((content.damaged.len(), content.highest_seq), (1, Some(3)));
    let too_many = vec![record(CatalogKind::Backup, "x", 1); CatalogBatch::MAX_RECORDS + 1];
    let fresh = TestStore::in_memory(4);
    let refused = fresh.runtime.block_on(fresh.store.catalog().publish(1, us, too_many));
    assert!(matches!(refused, Err(CatalogError::TooMany(1025))));
}
