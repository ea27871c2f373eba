//! Exported files: the same bytes whatever range is asked for, and a disk with the volume's content.

use crate::disk::SeedDisk;
use crate::harness::TestStore;
use futures_util::StreamExt;
use imprint_disk_format::{Limits, SourceFormat, open_disk};
use imprint_domain::{BLOCK_SIZE, ImageFormat};
use imprint_image_store::{Change, ExportError, ExportedImage, MapRoot};
use std::io::Write;
use std::ops::Range;
use std::time::Duration;

/// Data at the edges of leaves and L2 tables, a torn end, and holes.
fn disk() -> SeedDisk {
    let mut disk = SeedDisk::new(20_000);
    disk.size -= 512 * 3;
    let runs = [0..3, 1000..1030, 2047..2048, 8190..8194, 9000..9100, 16_384..16_390, 19_998..20_000];
    disk.seeds = runs.into_iter().flatten().map(|block| (block, u32::try_from(block * 3).unwrap())).collect();
    disk
}

fn written(store: &TestStore, disk: &SeedDisk) -> MapRoot {
    let mut runs = Vec::new();
    let mut next = 0;
    for block in disk.seeds.keys() {
        runs.push((next..*block, Change::Zero));
        runs.push((*block..block + 1, Change::Data));
        next = block + 1;
    }
    runs.push((next..disk.blocks(), Change::Zero));
    store.write(disk, None, &runs).unwrap().root
}

fn streamed(store: &TestStore, image: &ExportedImage, range: Range<u64>) -> Vec<u8> {
    let stream = image.stream(range).unwrap();
    let pieces: Vec<_> = store.runtime.block_on(stream.collect());
    pieces.into_iter().map(|piece| piece.unwrap().to_vec()).collect::<Vec<_>>().concat()
}

fn whole(store: &TestStore, image: &ExportedImage) -> Vec<u8> {
    let bytes = streamed(store, image, 0..image.len());
    assert_eq!(bytes.len() as u64, image.len());
    bytes
}

fn check_ranges(store: &TestStore, image: &ExportedImage, whole: &[u8]) {
    let len = image.len();
    let edges = [0, 1, 511, 65_535, 65_536, 65_537, 200_000, 1 << 20, 5 << 20, len / 2, len - 65_537, len - 1, len];
    for start in edges {
        for taken in [0, 1, 700, 65_536, 140_000, 2 << 20, 100 << 20] {
            let end = (start + taken).min(len);
            let found = image.read_range(start..end).unwrap();
            let expected = &whole[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
            assert!(found == expected, "{start}..{end}");
            assert!(streamed(store, image, start..end) == expected, "stream of {start}..{end}");
        }
    }
    assert!(matches!(image.read_range(len..len + 1), Err(ExportError::OutOfRange { .. })));
    assert!(matches!(image.stream(0..len + 1).map(|_| ()), Err(ExportError::OutOfRange { .. })));
}

#[test]
fn a_raw_export_is_the_volume_byte_by_byte() {
    let (store, disk) = (TestStore::in_memory(7), disk());
    let root = written(&store, &disk);
    let image = ExportedImage::open(store.store.reader(), &root, ImageFormat::Raw).unwrap();
    let bytes = whole(&store, &image);
    assert_eq!(bytes.len() as u64, disk.size);
    for (block, found) in (0..).zip(bytes.chunks(65536)) {
        if disk.seeds.contains_key(&block) {
            assert!(disk.block(block)[..found.len()] == *found, "block {block}");
        } else {
            assert!(found.iter().all(|byte| *byte == 0), "block {block}");
        }
    }
    check_ranges(&store, &image, &bytes);
}

#[test]
fn a_qcow2_export_opens_as_a_disk_with_the_volumes_content() {
    let (store, disk) = (TestStore::in_memory(7), disk());
    let root = written(&store, &disk);
    let image = ExportedImage::open(store.store.reader(), &root, ImageFormat::Qcow2).unwrap();
    let bytes = whole(&store, &image);
    assert!(bytes.len() as u64 >= root.data_bytes());
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    let opened = open_disk(file, SourceFormat::Qcow2, &Limits::default()).unwrap();
    assert_eq!(opened.size(), disk.size);
    for block in 0..disk.blocks() {
        let expected = disk.block(block);
        let inside = usize::try_from((disk.size - block * BLOCK_SIZE).min(BLOCK_SIZE)).unwrap();
        let mut found = vec![1; inside];
        opened.read_at(block * BLOCK_SIZE, &mut found).unwrap();
        assert!(expected[..inside] == found, "block {block}");
    }
    check_ranges(&store, &image, &bytes);
}

#[test]
fn a_volume_of_zeros_exports_without_data() {
    let store = TestStore::in_memory(7);
    for size in [0, 512, 65_536, 16 << 40] {
        let disk = SeedDisk { size, ..SeedDisk::default() };
        let root = written(&store, &disk);
        let raw = ExportedImage::open(store.store.reader(), &root, ImageFormat::Raw).unwrap();
        assert_eq!(raw.len(), size);
        assert!(raw.read_range(0..size.min(1000)).unwrap().iter().all(|byte| *byte == 0));
        let qcow2 = ExportedImage::open(store.store.reader(), &root, ImageFormat::Qcow2).unwrap();
        assert!(qcow2.len() < 2 << 20);
        assert_eq!(whole(&store, &qcow2).len() as u64, qcow2.len());
    }
}

#[test]
fn a_client_that_stops_reading_holds_up_nobody_else() {
    let (store, disk) = (TestStore::in_memory(7), disk());
    let root = written(&store, &disk);
    let image = ExportedImage::open(store.store.reader(), &root, ImageFormat::Raw).unwrap();
    let stalled: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = Box::pin(image.stream(0..image.len()).unwrap());
            store.runtime.block_on(stream.next()).unwrap().unwrap();
            stream
        })
        .collect();
    let read = async { image.stream(0..image.len()).unwrap().collect::<Vec<_>>().await };
    let read = store.runtime.block_on(async { tokio::time::timeout(Duration::from_mins(1), read).await });
    assert!(read.expect("somebody else's stream is in the way").iter().all(Result::is_ok));
    drop(stalled);
}
