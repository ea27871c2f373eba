//! Disks changed in their files, with QEMU's tools as the judges.

use crate::qemu;
use crate::qemu::arg;
use crate::random::Random;
use imprint_disk_format::Limits;
use imprint_disk_format::SourceFormat;
use imprint_disk_format::WritableDisk;
use imprint_disk_format::WriteDiskError;
use imprint_disk_format::grow_qcow2;
use imprint_disk_format::open_writable_disk;
use imprint_disk_format::write_blank_qcow2;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use tempfile::TempDir;

const SIZE: u64 = 4 << 20;

fn read_write(path: &Path) -> File {
    File::options().read(true).write(true).open(path).unwrap()
}

fn open(path: &Path, format: SourceFormat) -> Box<dyn WritableDisk> {
    open_writable_disk(read_write(path), format, &Limits::default()).unwrap()
}

/// A qcow2 image whose whole disk holds the byte 7.
fn image(options: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    qemu::create(&path, options, SIZE);
    qemu::io(&path, &[format!("write -P 7 0 {SIZE}")]);
    (dir, path)
}

fn check(path: &Path) {
    qemu::run("qemu-img", &["check", "-q", "-f", "qcow2", arg(path)]);
}

#[test]
fn random_writes_and_zeros_in_place_are_what_qemu_reads_back() {
    let options = ["", "compat=0.10", "cluster_size=4096", "extended_l2=on,cluster_size=64k", "lazy_refcounts=on"];
    for (options, seed) in options.into_iter().zip(0..) {
        let (_dir, path) = image(options);
        let mut model = vec![7; usize::try_from(SIZE).unwrap()];
        let mut random = Random::new(seed);
        let disk = open(&path, SourceFormat::Qcow2);
        assert!(disk.is_sound().unwrap() && disk.is_plain(0..SIZE).unwrap() && !disk.has_snapshots());
        disk.begin_writes().unwrap();
        for value in 0..60 {
            let start = random.below(SIZE);
            let end = start + 1 + random.below((SIZE - start).min(300_000));
            let place = &mut model[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
            if value % 3 == 0 {
                place.fill(0);
                disk.write_zeros_at(start..end).unwrap();
            } else {
                place.fill(value);
                disk.write_at(start, place).unwrap();
            }
        }
        disk.sync().unwrap();
        let mut found = vec![1; model.len()];
        disk.read_at(0, &mut found).unwrap();
        assert!(found == model, "{options}");
        assert!(qemu::content(&path) == model, "{options}");
        check(&path);
    }
}

#[test]
fn a_raw_file_is_written_where_its_bytes_lie_and_gives_its_zeros_back() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.raw");
    std::fs::write(&path, vec![7; 1 << 20]).unwrap();
    let disk = open(&path, SourceFormat::Raw);
    let before = std::fs::metadata(&path).unwrap().blocks();
    disk.write_at(1000, &[8; 10]).unwrap();
    disk.write_zeros_at(65536..1 << 20).unwrap();
    assert!(disk.write_at((1 << 20) - 1, &[8; 2]).is_err());
    disk.sync().unwrap();
    let mut expected = vec![7; 65536];
    expected[1000..1010].fill(8);
    expected.resize(1 << 20, 0);
    assert!(std::fs::read(&path).unwrap() == expected);
    assert!(std::fs::metadata(&path).unwrap().blocks() < before);
}

#[test]
fn clusters_that_are_missing_shared_or_compressed_are_not_plain() {
    let (_dir, path) = image("");
    qemu::io(&path, &["discard 0 64k".to_owned(), "write -z 64k 64k".to_owned()]);
    qemu::run("qemu-img", &["snapshot", "-c", "s", arg(&path)]);
    qemu::io(&path, &["write -P 9 128k 64k".to_owned()]);
    let disk = open(&path, SourceFormat::Qcow2);
    assert!(disk.has_snapshots());
    let plain: Vec<bool> = (0..4).map(|n| disk.is_plain(n << 16..(n + 1) << 16).unwrap()).collect();
    assert_eq!(plain, [false, false, true, false]);
    assert!(matches!(disk.write_at(192 << 10, &[1; 10]), Err(WriteDiskError::NotPlain { offset: 196_608 })));
    assert!(matches!(disk.write_zeros_at(0..10), Err(WriteDiskError::NotPlain { offset: 0 })));
    drop(disk);
    qemu::io(&path, &["read -P 7 192k 64k".to_owned()]);
    check(&path);

    let (_dir, path) = image("");
    let packed = path.with_extension("packed");
    qemu::run("qemu-img", &["convert", "-c", "-f", "qcow2", "-O", "qcow2", arg(&path), arg(&packed)]);
    let disk = open(&packed, SourceFormat::Qcow2);
    assert!(disk.is_sound().unwrap());
    assert!(!disk.is_plain(0..1).unwrap());
}

#[test]
fn an_image_whose_data_lie_on_top_of_each_other_is_not_sound() {
    let (_dir, path) = image("");
    let file = read_write(&path);
    let word = |at: u64| {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, at).unwrap();
        u64::from_be_bytes(bytes)
    };
    let table = word(word(40)) & 0x00ff_ffff_ffff_fe00;
    let first = word(table);
    file.write_all_at(&first.to_be_bytes(), table + 5 * 8).unwrap();
    let disk = open(&path, SourceFormat::Qcow2);
    assert!(disk.is_plain(0..SIZE).unwrap());
    assert!(!disk.is_sound().unwrap());
}

#[test]
fn bitmaps_of_qemu_do_not_survive_a_write_that_they_did_not_see() {
    let (_dir, path) = image("");
    qemu::run("qemu-img", &["bitmap", "--add", "-f", "qcow2", arg(&path), "b0"]);
    assert!(qemu::run("qemu-img", &["info", "-f", "qcow2", arg(&path)]).contains("b0"));
    let disk = open(&path, SourceFormat::Qcow2);
    disk.begin_writes().unwrap();
    disk.write_at(0, &[3; 512]).unwrap();
    disk.sync().unwrap();
    assert!(!qemu::run("qemu-img", &["info", "-f", "qcow2", arg(&path)]).contains("b0"));
}

fn grow(path: &Path, size: u64) -> bool {
    grow_qcow2(&read_write(path), size, &Limits::default()).unwrap()
}

fn virtual_size(path: &Path) -> u64 {
    let info = qemu::run("qemu-img", &["info", "--output=json", "-f", "qcow2", arg(path)]);
    let info: serde_json::Value = serde_json::from_str(&info).unwrap();
    info["virtual-size"].as_u64().unwrap()
}

#[test]
fn a_disk_grows_by_its_header_as_far_as_its_l1_table_reaches() {
    for options in ["", "cluster_size=4096", "compat=0.10", "extended_l2=on"] {
        let (_dir, path) = image(options);
        let before = qemu::content(&path);
        assert!(grow(&path, 96 << 20), "{options}");
        assert_eq!(virtual_size(&path), 96 << 20);
        check(&path);
        let mut expected = before;
        expected.resize(96 << 20, 0);
        assert!(qemu::content(&path) == expected, "{options}");
        qemu::io(&path, &["write -P 5 90M 1M".to_owned()]);
        check(&path);
    }
    // Made by us: its L1 table has one entry in a cluster of 8192.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ours.qcow2");
    write_blank_qcow2(&mut File::create_new(&path).unwrap(), 1 << 20).unwrap();
    assert!(grow(&path, 4 << 40));
    assert_eq!(virtual_size(&path), 4 << 40);
    check(&path);
    assert!(!grow(&path, (4 << 40) + 512), "another L1 table would be needed");
    assert_eq!(virtual_size(&path), 4 << 40);
}

#[test]
fn what_lay_beyond_the_end_of_a_disk_is_zero_when_it_grows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    qemu::create(&path, "", 100 << 10);
    qemu::io(&path, &["write -P 7 0 100k".to_owned()]);
    let file = read_write(&path);
    let disk = open(&path, SourceFormat::Qcow2);
    drop(disk);
    // The rest of the second cluster, in the file's last cluster: filled with what must not appear.
    let len = file.metadata().unwrap().len().next_multiple_of(65536);
    file.set_len(len).unwrap();
    file.write_all_at(&vec![9; 28 << 10], len - (28 << 10)).unwrap();
    assert!(grow(&path, 1 << 20));
    let mut expected = vec![7; 100 << 10];
    expected.resize(1 << 20, 0);
    assert!(qemu::content(&path) == expected);
    check(&path);
}
