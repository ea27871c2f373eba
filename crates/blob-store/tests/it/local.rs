//! What only a directory has.

use bytes::Bytes;
use imprint_blob_store::{BlobError, BlobStore, ObjectKey, ObjectKind, Sharing};
use imprint_domain::SegmentId;

#[test]
fn a_missing_directory_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let error = BlobStore::open_local(&missing).unwrap_err();
    assert!(matches!(&error, BlobError::Directory { path, .. } if path.ends_with("/missing")), "{error:?}");
}

#[tokio::test]
async fn foreign_files_are_not_listed() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = BlobStore::open_local(directory.path()).unwrap();
    blobs.create_layout().await.unwrap();
    std::fs::write(directory.path().join("owner/1"), b"x").unwrap();
    std::fs::write(directory.path().join("owner/README"), b"x").unwrap();
    std::fs::write(directory.path().join("owner/2#1"), b"half an upload").unwrap();
    std::fs::write(directory.path().join("segments/ab/cd.0"), b"x").unwrap();
    let owners = blobs.list(ObjectKind::Owner).await.unwrap();
    assert_eq!(owners.iter().map(|object| object.key).collect::<Vec<_>>(), [ObjectKey::Owner(1)]);
    assert_eq!(blobs.list(ObjectKind::Segment).await.unwrap(), []);
}

#[tokio::test]
async fn a_write_that_fails_names_the_object() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = BlobStore::open_local(directory.path()).unwrap();
    std::fs::write(directory.path().join("epochs"), b"a file where a directory should be").unwrap();
    let other = blobs.put(&ObjectKey::Epoch(1), vec![Bytes::from_static(b"x")]).await;
    assert!(matches!(other, Err(BlobError::Write { key: ObjectKey::Epoch(1), .. })), "{other:?}");
}

#[test]
fn a_directory_tells_how_much_room_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = BlobStore::open_local(directory.path()).unwrap();
    let space = blobs.free_space().unwrap().unwrap();
    assert!(space.total >= space.available && space.total > 0);
}

#[test]
fn one_writer_alone_or_several_that_share_a_database() {
    let directory = tempfile::tempdir().unwrap();
    let take = |sharing| BlobStore::open_local(directory.path()).unwrap().lock_for_writing(sharing).unwrap();
    let alone = take(Sharing::Alone).unwrap();
    assert!(take(Sharing::Alone).is_none() && take(Sharing::OneDatabase).is_none());
    drop(alone);
    let (one, two) = (take(Sharing::OneDatabase).unwrap(), take(Sharing::OneDatabase).unwrap());
    assert!(take(Sharing::Alone).is_none());
    drop((one, two));
    take(Sharing::Alone).unwrap();
}

#[tokio::test]
async fn what_a_crash_left_half_put_is_removed_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = BlobStore::open_local(directory.path()).unwrap();
    blobs.create_layout().await.unwrap();
    let key = ObjectKey::Segment { id: SegmentId::from_bytes([7; 32]), generation: 0 };
    blobs.put(&key, vec![Bytes::from_static(b"x")]).await.unwrap();
    let object = directory.path().join(key.to_string());
    let named =
        |suffix: &str| object.with_file_name(format!("{}{suffix}", object.file_name().unwrap().to_str().unwrap()));
    for (path, stays) in [
        (named("#1"), false),
        (directory.path().join("owner/2#13"), false),
        (named("#a"), true),
        (object.with_file_name("notes#1"), true),
        (directory.path().join("segments/x#1"), true),
    ] {
        std::fs::write(&path, "half").unwrap();
        assert_eq!(blobs.remove_unfinished().await.unwrap(), u64::from(!stays), "{}", path.display());
        assert_eq!(path.exists(), stays, "{}", path.display());
    }
    assert_eq!(blobs.get(&key).await.unwrap(), "x");
}
