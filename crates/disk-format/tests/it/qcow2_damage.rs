//! Images that were cut off or had bytes changed: the reader fails or is right, in bounded time, and never panics.

use crate::qemu;
use crate::random::Random;
use crate::walk;
use imprint_disk_format::Disk;
use imprint_disk_format::Limits;
use imprint_disk_format::SourceFormat;
use imprint_disk_format::grow_qcow2;
use imprint_disk_format::open_qcow2;
use imprint_disk_format::open_writable_disk;
use proptest::collection::vec;
use proptest::prelude::*;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

/// An image with data, zeros, holes and compressed clusters.
struct Sample {
    image: Vec<u8>,
    content: Vec<u8>,
}

const SIZE: u64 = 300 << 10;

/// One image of each form of L2 entry and compression.
fn samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let forms = [
            ("compat=0.10", 512),
            ("compat=1.1", 4 << 10),
            ("compression_type=zstd", 64 << 10),
            ("extended_l2=on", 16 << 10),
        ];
        let sample = |(options, cluster): (&str, u64)| {
            let path = dir.path().join(options);
            qemu::create(&path, &format!("{options},cluster_size={cluster}"), SIZE);
            qemu::io(&path, &Random::new(cluster).script(30, SIZE, cluster));
            Sample { image: std::fs::read(&path).unwrap(), content: qemu::content(&path) }
        };
        forms.into_iter().map(sample).collect()
    })
}

/// Reads a disk as far as its size can be right; `None` where the reader fails.
fn read(image: Vec<u8>) -> Option<Vec<u8>> {
    let limits = Limits { max_virtual_size: 64 << 20, ..Limits::default() };
    let disk = open_qcow2(image, &limits).ok()?;
    // A defect in one place does not keep the others from being read.
    for offset in (0..disk.size()).step_by(1 << 20).take(64) {
        let mut buf = vec![0; usize::try_from((disk.size() - offset).min(70_000)).unwrap()];
        let _ = (disk.extent_at(offset), disk.read_at(offset, &mut buf));
    }
    walk::content(&disk, 64 << 10).ok()
}

#[test]
fn an_image_cut_off_anywhere_is_an_error_or_the_whole_disk() {
    for Sample { image, content } in samples() {
        let step = (image.len() / 200).max(1);
        for len in (0..image.len()).step_by(step).chain(image.len() - 700..=image.len()) {
            if let Some(found) = read(image[..len].to_vec()) {
                assert!(found == *content, "cut off at {len} of {}", image.len());
            }
        }
        assert!(read(image.clone()).is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_metadata_never_panic(
        sample in 0..4_usize,
        flips in vec((0..4_u32, any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        read(damaged(sample, &flips));
    }

    #[test]
    fn random_bytes_behind_a_magic_never_panic(mut bytes in vec(any::<u8>(), 0..4096), version in 2..4_u8) {
        let start = [b'Q', b'F', b'I', 0xfb, 0, 0, 0, version];
        bytes.iter_mut().zip(start).for_each(|(byte, value)| *byte = value);
        read(bytes);
    }
}

/// An image some of whose bytes were changed.
fn damaged(sample: usize, flips: &[(u32, prop::sample::Index, u8)]) -> Vec<u8> {
    let mut image = samples()[sample].image.clone();
    let tables = tables_of(&image);
    for (table, index, value) in flips {
        // Most of a file is data, whose change no reader can notice: aim at the header and the tables.
        let range = match table {
            0 => 0..112,
            1 => 0..image.len(),
            _ => tables[index.index(tables.len())].clone(),
        };
        let at = (range.start + index.index(range.len())).min(image.len() - 1);
        image[at] = *value;
    }
    image
}

/// Where the L1 and L2 tables of an image lie, 512 bytes of each.
fn tables_of(image: &[u8]) -> Vec<std::ops::Range<usize>> {
    let word = |at: usize| u64::from_be_bytes(image[at..at + 8].try_into().unwrap());
    let l1 = usize::try_from(word(40)).unwrap();
    let mut tables = Vec::from([l1..l1 + 8, l1 + 8..l1 + 16]);
    for entry in 0..2 {
        let l2 = usize::try_from(word(l1 + 8 * entry) & 0xff_ffff_ffff_fe00).unwrap_or(0);
        if l2 != 0 {
            tables.push(l2..l2 + 512);
        }
    }
    tables
}

/// Changes an image in a file wherever it says that it can be, then reads it back beside a model.
fn change(image: &[u8], seed: u64) {
    let limits = Limits { max_virtual_size: 8 << 20, ..Limits::default() };
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(image, 0).unwrap();
    let open = || open_writable_disk(file.try_clone().unwrap(), SourceFormat::Qcow2, &limits);
    let Ok(disk) = open() else { return };
    let Ok(mut model) = walk::content(&*disk, 64 << 10) else { return };
    if !disk.is_sound().unwrap_or(false) || disk.begin_writes().is_err() {
        return;
    }
    let mut random = Random::new(seed);
    for value in 1..20 {
        let start = random.below(disk.size().max(1));
        let end = (start + 1 + random.below(40_000)).min(disk.size());
        if !disk.is_plain(start..end).unwrap_or(false) {
            continue;
        }
        let place = &mut model[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
        place.fill(value);
        disk.write_at(start, place).unwrap();
    }
    let found = walk::content(&*disk, 64 << 10).unwrap();
    assert!(found == model, "a write at one place is seen at another");
    let size = disk.size() + (1 << 20);
    drop(disk);
    if grow_qcow2(&file, size, &limits).unwrap_or(false) {
        model.resize(usize::try_from(size).unwrap(), 0);
        assert!(walk::content(&*open().unwrap(), 64 << 10).unwrap() == model, "what is new is not zero");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_changed_in_a_damaged_image_is_what_is_read_and_nothing_else_changes(
        sample in 0..4_usize,
        flips in vec((0..4_u32, any::<prop::sample::Index>(), any::<u8>()), 0..4),
        seed in any::<u64>(),
    ) {
        change(&damaged(sample, &flips), seed);
    }
}
