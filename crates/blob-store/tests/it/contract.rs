//! What every backend does alike.

use bytes::Bytes;
use imprint_blob_store::{BlobError, BlobStore, ObjectKey, ObjectKind};
use imprint_domain::SegmentId;
use object_store::memory::InMemory;
use std::sync::Arc;

async fn check(blobs: BlobStore) {
    let id = SegmentId::from_bytes([7; 32]);
    let key = ObjectKey::Segment { id, generation: 0 };
    assert!(matches!(blobs.get(&key).await, Err(BlobError::NotFound { key: found }) if found == key));
    assert!(matches!(blobs.get_suffix(&key, 4).await, Err(BlobError::NotFound { .. })));
    assert!(matches!(blobs.get_range(&key, 0..1).await, Err(BlobError::NotFound { .. })));
    assert_eq!(blobs.list(ObjectKind::Segment).await.unwrap(), []);
    assert!(blobs.list_generations(id).await.unwrap().is_empty());
    assert_eq!(blobs.list(ObjectKind::StoreFile).await.unwrap(), []);

    let parts = vec![Bytes::from_static(b"hello "), Bytes::new(), Bytes::from_static(b"world")];
    blobs.put(&key, parts).await.unwrap();
    assert_eq!(blobs.get(&key).await.unwrap(), "hello world");
    assert_eq!(blobs.get_range(&key, 4..8).await.unwrap(), "o wo");
    let ranges = blobs.get_ranges(&key, &[0..2, 2..4, 9..11]).await.unwrap();
    assert_eq!(ranges, ["he", "ll", "ld"]);
    assert!(blobs.get_range(&key, 8..12).await.is_err());
    assert!(blobs.get_range(&key, 20..22).await.is_err());
    let blocking = |range: std::ops::Range<u64>| {
        let (blobs, runtime) = (blobs.clone(), tokio::runtime::Handle::current());
        tokio::task::spawn_blocking(move || blobs.get_range_blocking(&key, range, &runtime))
    };
    assert_eq!(blocking(4..8).await.unwrap().unwrap(), "o wo");
    assert!(blocking(8..12).await.unwrap().is_err());
    let suffix = blobs.get_suffix(&key, 5).await.unwrap();
    assert_eq!((suffix.bytes.as_ref(), suffix.object_len), (b"world".as_ref(), 11));
    let whole = blobs.get_suffix(&key, 50).await.unwrap();
    assert_eq!((whole.bytes.as_ref(), whole.object_len), (b"hello world".as_ref(), 11));

    let later = ObjectKey::Segment { id, generation: 3 };
    blobs.put(&later, vec![Bytes::from_static(b"x")]).await.unwrap();
    assert_eq!(blobs.list_generations(id).await.unwrap(), [0, 3]);
    let mut listed: Vec<_> = blobs.list(ObjectKind::Segment).await.unwrap();
    listed.sort_by_key(|object| object.key);
    assert_eq!(listed.iter().map(|object| (object.key, object.len)).collect::<Vec<_>>(), [(key, 11), (later, 1)]);
    blobs.delete(&key).await.unwrap();
    assert_eq!(blobs.list_generations(id).await.unwrap(), [3]);

    blobs.put_new(&ObjectKey::StoreFile, vec![Bytes::from_static(b"{}")]).await.unwrap();
    let again = blobs.put_new(&ObjectKey::StoreFile, vec![Bytes::from_static(b"[]")]).await;
    assert!(matches!(again, Err(BlobError::AlreadyExists { key: ObjectKey::StoreFile })));
    assert_eq!(blobs.get(&ObjectKey::StoreFile).await.unwrap(), "{}");
    assert_eq!(blobs.list(ObjectKind::StoreFile).await.unwrap().len(), 1);
    let mut names = blobs.top_level_names().await.unwrap();
    names.retain(|name| !["catalog", "epochs", "index", "owner"].contains(&name.as_str()));
    names.sort();
    assert_eq!(names, ["segments", "store.json"]);
}

#[tokio::test]
async fn a_local_directory_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    check(BlobStore::open_local(directory.path()).unwrap()).await;
}

#[tokio::test]
async fn a_local_directory_with_its_layout_made_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = BlobStore::create_local(&directory.path().join("a/b")).unwrap();
    blobs.create_layout().await.unwrap();
    blobs.create_layout().await.unwrap();
    check(blobs).await;
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    check(BlobStore::from_object_store(Arc::new(InMemory::new()))).await;
}
