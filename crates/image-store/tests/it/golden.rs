//! What was written once stays readable: a store of each format version, and the bytes themselves, taken apart here by
//! the words of `docs/format.md` alone.

use crate::harness::runtime;
use imprint_blob_store::{BlobStore, ObjectKind};
use imprint_domain::{EncodedRoot, SegmentId};
use imprint_image_store::{Access, ImageStore, Known, MapRoot, Segment, SlotKind, StoreOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store-1")
}

/// A copy of the fixture, open: whoever writes locks a store, and the original stays as it is.
fn open() -> (TempDir, Arc<Runtime>, ImageStore) {
    let installation = "5f3b6c9d2e1a4b7c8d9e0f1a2b3c4d5e".parse().unwrap();
    let known = Known { installation, epoch: 0, next_catalog_seq: 3 };
    let runtime = runtime();
    let temp = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg(fixture()).arg(temp.path()).status().unwrap();
    assert!(copied.success());
    let blobs = BlobStore::open_local(&temp.path().join("store-1")).unwrap();
    let store = runtime.block_on(ImageStore::open(blobs, &known, &StoreOptions::default())).unwrap();
    assert_eq!(store.access(), &Access::ReadWrite);
    (temp, runtime, store)
}

#[test]
fn a_store_of_format_1_reads_back() {
    let (_temp, runtime, store) = open();
    let content = runtime.block_on(store.catalog().read_all()).unwrap();
    assert_eq!((content.records.len(), content.damaged.len(), content.highest_seq), (1, 0, Some(2)));
    let record = &content.records[0];
    assert_eq!(record.rev, 2);
    let bytes = hex::decode(record.root.as_ref().unwrap()).unwrap();
    let root = MapRoot::decode(&EncodedRoot::try_from(bytes.as_slice()).unwrap()).unwrap();
    assert_eq!((root.size().bytes(), root.data_blocks()), (2100 * 65536 - 1000, 6));
    let mut volume = vec![1; usize::try_from(root.size().bytes()).unwrap()];
    store.reader().read_at(&root, 0, &mut volume).unwrap();
    let mut expected = vec![0; volume.len()];
    for (block, number) in [(0, 1), (1, 6), (1023, 3), (1024, 4), (1500, 7), (2099, 5)] {
        let text = format!("block {number} of the fixture");
        expected[block * 65536..][..text.len()].copy_from_slice(text.as_bytes());
    }
    assert!(volume == expected);
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Takes a segment apart and answers its id.
fn take_apart(bytes: &[u8]) -> SegmentId {
    let (header, footer) = (&bytes[..128], &bytes[bytes.len() - 64..]);
    assert_eq!(&header[..8], b"IMPSEG\r\n");
    assert_eq!(number(&header[8..10]), 1);
    assert_eq!(number(&header[10..12]), 128);
    assert_eq!(&header[20..23], [16, 1, 0]);
    assert_eq!(number(&header[120..124]), u64::from(crc32c::crc32c(&header[..120])));
    assert_eq!(&footer[60..], b"IMPF");
    assert_eq!(number(&footer[56..60]), u64::from(crc32c::crc32c(&footer[..56])));
    assert_eq!(number(&footer[48..56]), bytes.len() as u64);
    let slots = usize::try_from(number(&footer[12..14])).unwrap();
    assert_eq!(number(&footer[14..16]), slots as u64);
    let start = usize::try_from(number(&footer[..8])).unwrap();
    let directory = &bytes[start..start + slots * 64];
    assert_eq!(number(&footer[8..12]), directory.len() as u64);
    assert_eq!(start + directory.len() + 64, bytes.len());
    let metadata = [header, directory].concat();
    assert_eq!(&footer[32..48], &blake3::hash(&metadata).as_bytes()[..16]);
    let mut named_by = header[8..96].to_vec();
    named_by.extend(u32::try_from(slots).unwrap().to_le_bytes());
    let mut next = 128;
    let mut nodes_start = None;
    for entry in directory.chunks(64) {
        let (offset, stored_len, raw_len) = (number(&entry[..8]), number(&entry[8..12]), number(&entry[12..16]));
        assert_eq!(offset, next);
        next += stored_len;
        let stored = &bytes[usize::try_from(offset).unwrap()..usize::try_from(next).unwrap()];
        assert_eq!(entry[24..32], blake3::hash(stored).as_bytes()[..8]);
        let raw = match entry[17] {
            0 => stored.to_vec(),
            _ => zstd::bulk::decompress(stored, 65536).unwrap(),
        };
        assert_eq!(raw.len() as u64, raw_len);
        assert_eq!(entry[32..], *blake3::hash(&raw).as_bytes());
        assert!(entry[16] == 1 && nodes_start.is_none() && raw_len == 65536 || entry[16] == 2);
        if entry[16] == 2 {
            nodes_start.get_or_insert(offset);
        }
        named_by.extend([entry[16], 0, 0, 0]);
        named_by.extend(&entry[12..16]);
        named_by.extend(&entry[32..]);
    }
    assert_eq!(next, start as u64);
    assert_eq!(number(&footer[16..24]), nodes_start.unwrap_or(next));
    let mut hasher = blake3::Hasher::new_derive_key("imprint 2026-11 segment id v1");
    SegmentId::from_bytes(*hasher.update(&named_by).finalize().as_bytes())
}

#[test]
fn segments_have_the_bytes_that_the_format_says() {
    let (_temp, runtime, store) = open();
    let segments = runtime.block_on(store.blobs().list(ObjectKind::Segment)).unwrap();
    assert_eq!(segments.len(), 3);
    let mut nodes = 0;
    for object in segments {
        let bytes = runtime.block_on(store.blobs().get(&object.key)).unwrap();
        let id = take_apart(&bytes);
        assert!(object.key.to_string().ends_with(&format!("/{id}.0000000000000000")));
        let segment = Segment::decode(bytes).unwrap();
        assert_eq!((segment.id(), segment.generation()), (id, 0));
        nodes += (0..segment.slots()).filter(|slot| segment.kind(*slot) == SlotKind::Node).count();
    }
    assert_eq!(nodes, 4 + 3, "three leaves and a top, then two leaves and a top");
}

#[test]
fn store_and_owner_have_the_bytes_that_the_format_says() {
    let read = |name: &str| std::fs::read_to_string(fixture().join(name)).unwrap();
    let check = |text: &str| {
        let (line, hash) = text.strip_suffix('\n').unwrap().split_once('\n').unwrap();
        assert_eq!(hash, blake3::hash(line.as_bytes()).to_hex().as_str());
        serde_json::from_str::<serde_json::Value>(line).unwrap()
    };
    let mut store = check(&read("store.json"));
    assert_eq!(store["uuid"].take().as_str().unwrap().len(), 32);
    let expected = serde_json::json!({
        "format": 1, "incompat": [], "ro_compat": [], "uuid": null, "block_shift": 16, "fanout_shift": 10,
        "hash_alg": 1, "aead_alg": 0, "keys": [],
    });
    assert_eq!(store, expected);
    let owner = check(&read("owner/1"));
    assert_eq!(owner, serde_json::json!({"format": 1, "installation": "5f3b6c9d2e1a4b7c8d9e0f1a2b3c4d5e"}));
}
