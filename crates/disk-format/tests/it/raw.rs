//! Raw disks.

use crate::walk;
use imprint_disk_format::Disk;
use imprint_disk_format::ExtentKind;
use imprint_disk_format::Limits;
use imprint_disk_format::OpenDiskError;
use imprint_disk_format::ReadDiskError;
use imprint_disk_format::SourceFormat;
use imprint_disk_format::open_disk;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

fn open(path: &Path) -> Box<dyn Disk> {
    walk::open(path, SourceFormat::Raw).unwrap()
}

#[test]
fn holes_of_the_file_are_holes_of_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.raw");
    let file = File::create(&path).unwrap();
    file.set_len((10 << 20) + 100).unwrap();
    file.write_all_at(&vec![7; 65536], 1 << 20).unwrap();
    file.write_all_at(&[8; 100], 10 << 20).unwrap();
    let disk = open(&path);
    let extents: Vec<_> = walk::extents(&*disk).unwrap().into_iter().map(|it| (it.range, it.kind)).collect();
    let expected = [
        (0..1 << 20, ExtentKind::Hole),
        (1 << 20..(1 << 20) + 65536, ExtentKind::Data),
        ((1 << 20) + 65536..10 << 20, ExtentKind::Hole),
        (10 << 20..(10 << 20) + 100, ExtentKind::Data),
    ];
    assert_eq!(extents, expected);
    assert!(walk::content(&*disk, 10_000).unwrap() == std::fs::read(&path).unwrap());
    disk.check_unchanged().unwrap();
}

#[test]
fn an_empty_file_is_an_empty_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.raw");
    File::create(&path).unwrap();
    let disk = open(&path);
    assert_eq!(disk.size(), 0);
    disk.read_at(0, &mut []).unwrap();
    assert!(matches!(disk.extent_at(0), Err(ReadDiskError::OutOfRange { .. })));
}

#[test]
fn a_file_that_gets_shorter_or_longer_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.raw");
    let file = File::create(&path).unwrap();
    file.write_all_at(&vec![7; 100_000], 0).unwrap();
    let disk = open(&path);
    file.set_len(50_000).unwrap();
    let shorter = |result: Result<(), ReadDiskError>| {
        assert!(matches!(result, Err(ReadDiskError::SizeChanged { expected: 100_000, found: 50_000 })), "{result:?}");
    };
    shorter(disk.read_at(40_000, &mut vec![0; 20_000]));
    shorter(disk.extent_at(60_000).map(|_| ()));
    shorter(disk.check_unchanged());
    disk.read_at(0, &mut vec![0; 50_000]).unwrap();
    file.set_len(200_000).unwrap();
    let longer = disk.check_unchanged();
    assert!(matches!(longer, Err(ReadDiskError::SizeChanged { expected: 100_000, found: 200_000 })));
    assert_eq!(disk.size(), 100_000);
}

#[test]
fn a_raw_disk_over_the_limit_or_no_file_at_all_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.raw");
    File::create(&path).unwrap().set_len(1001).unwrap();
    let limits = Limits { max_virtual_size: 1000, ..Limits::default() };
    let refused = open_disk(File::open(&path).unwrap(), SourceFormat::Raw, &limits);
    assert!(matches!(refused.err(), Some(OpenDiskError::TooLarge { size: 1001, max: 1000 })));
    let refused = open_disk(File::open(dir.path()).unwrap(), SourceFormat::Raw, &limits);
    assert!(matches!(refused.err(), Some(OpenDiskError::NotAFile)));
}
