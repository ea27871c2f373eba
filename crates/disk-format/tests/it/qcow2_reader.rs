//! Images of every feature, made by QEMU, compared with what QEMU reads from them.

use crate::qemu;
use crate::qemu::arg;
use crate::random::Random;
use crate::walk;
use imprint_disk_format::Disk;
use imprint_disk_format::ExtentKind;
use imprint_disk_format::Limits;
use imprint_disk_format::SourceFormat;
use imprint_disk_format::open_qcow2;
use std::fs::File;
use std::path::Path;

/// Compares content and allocation of an image with what QEMU finds.
fn check(path: &Path) {
    let disk = walk::open(path, SourceFormat::Qcow2).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let expected = qemu::content(path);
    assert_eq!(usize::try_from(disk.size()).unwrap(), expected.len());
    for step in [1 << 20, 64 << 10, 5000] {
        assert!(walk::content(&*disk, step).unwrap() == expected, "{} in steps of {step}", path.display());
    }
    check_map(&*disk, path, &expected);
    disk.check_unchanged().unwrap();
}

/// Every extent of ours must be of the kind that QEMU's map has there. Data clusters that are holes of the file are the
/// exception: we know that they are zeros, QEMU often does not look.
fn check_map(disk: &dyn Disk, path: &Path, content: &[u8]) {
    let map = qemu::run("qemu-img", &["map", "--output=json", "-f", "qcow2", arg(path)]);
    let map: serde_json::Value = serde_json::from_str(&map).unwrap();
    let mut ours = walk::extents(disk).unwrap().into_iter().peekable();
    for theirs in map.as_array().unwrap() {
        let (start, len) = (theirs["start"].as_u64().unwrap(), theirs["length"].as_u64().unwrap());
        let kind = match (theirs["present"].as_bool().unwrap(), theirs["data"].as_bool().unwrap()) {
            (false, _) => ExtentKind::Hole,
            (true, false) => ExtentKind::Zero,
            (true, true) => ExtentKind::Data,
        };
        let mut at = start;
        while at < start + len {
            let extent = ours.peek().unwrap();
            let end = extent.range.end.min(start + len);
            let bytes = &content[usize::try_from(at).unwrap()..usize::try_from(end).unwrap()];
            let unwritten = kind == ExtentKind::Data && bytes.iter().all(|byte| *byte == 0);
            let same = extent.kind == kind || (extent.kind == ExtentKind::Zero && unwritten);
            assert!(same, "{}: {extent:?} is {theirs} to QEMU", path.display());
            at = end;
            ours.next_if(|extent| extent.range.end == end);
        }
    }
    assert_eq!(ours.next(), None);
}

/// The script must have left something of every kind, or else the comparison says little.
fn check_variety(path: &Path, options: &str) {
    let map = qemu::run("qemu-img", &["map", "--output=json", "-f", "qcow2", arg(path)]);
    let map: serde_json::Value = serde_json::from_str(&map).unwrap();
    let any = |check: &dyn Fn(&serde_json::Value) -> bool| map.as_array().unwrap().iter().any(check);
    assert!(any(&|extent| extent["data"] == true), "{options} has data");
    assert!(any(&|extent| extent["compressed"] == true), "{options} has compressed clusters");
    // Without a zero flag, zeros are holes.
    let zeros = any(&|extent| extent["present"] == true && extent["data"] == false);
    assert!(zeros != options.contains("compat=0.10"), "{options} has zeros");
}

/// A disk of some clusters more than a table slice where that is small, and of a size that no cluster size divides.
fn size_for(cluster: u64) -> u64 {
    (cluster * 21).max(1 << 20) + 3 * 512
}

fn check_options(options: &str, cluster: u64, seed: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    let size = size_for(cluster);
    qemu::create(&path, &format!("{options},cluster_size={cluster}"), size);
    check(&path);
    let mut random = Random::new(seed);
    qemu::io(&path, &random.script(40, size, cluster));
    check(&path);
    check_variety(&path, options);
    for compression in ["zlib", "zstd"] {
        let compressed = dir.path().join(compression);
        let options = format!("compression_type={compression},cluster_size={cluster}");
        let (from, to) = (arg(&path), arg(&compressed));
        qemu::run("qemu-img", &["convert", "-c", "-f", "qcow2", "-O", "qcow2", "-o", &options, from, to]);
        check(&compressed);
    }
}

const ALL_CLUSTER_SIZES: [u64; 13] = [
    512,
    1 << 10,
    2 << 10,
    4 << 10,
    8 << 10,
    16 << 10,
    32 << 10,
    64 << 10,
    128 << 10,
    256 << 10,
    512 << 10,
    1 << 20,
    2 << 20,
];

#[test]
fn version_3_images_of_every_cluster_size_read_as_qemu_reads_them() {
    for (cluster, seed) in ALL_CLUSTER_SIZES.into_iter().zip(0..) {
        check_options("compat=1.1", cluster, seed);
    }
}

#[test]
fn version_2_images_read_as_qemu_reads_them() {
    for (cluster, seed) in [512, 4 << 10, 64 << 10, 2 << 20].into_iter().zip(100..) {
        check_options("compat=0.10", cluster, seed);
    }
}

#[test]
fn extended_l2_images_read_as_qemu_reads_them() {
    for (cluster, seed) in [16 << 10, 64 << 10, 128 << 10, 2 << 20].into_iter().zip(200..) {
        check_options("extended_l2=on", cluster, seed);
        check_options("extended_l2=on,compression_type=zstd", cluster, seed + 10);
    }
}

#[test]
fn zstd_images_read_as_qemu_reads_them() {
    for (cluster, seed) in [512, 64 << 10, 2 << 20].into_iter().zip(300..) {
        check_options("compression_type=zstd", cluster, seed);
    }
}

#[test]
fn preallocated_and_lazily_counted_images_read_as_qemu_reads_them() {
    for (mode, seed) in ["off", "metadata", "falloc", "full"].into_iter().zip(400..) {
        check_options(&format!("preallocation={mode}"), 64 << 10, seed);
        check_options(&format!("preallocation={mode},lazy_refcounts=on"), 4 << 10, seed + 10);
    }
    check_options("extended_l2=on,preallocation=metadata", 64 << 10, 420);
    check_options("refcount_bits=1", 64 << 10, 421);
    check_options("refcount_bits=64", 64 << 10, 422);
}

#[test]
fn clusters_that_were_allocated_and_never_written_are_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    qemu::create(&path, "preallocation=metadata", 64 << 20);
    qemu::io(&path, &["write -P 7 1M 64k".to_owned()]);
    let disk = walk::open(&path, SourceFormat::Qcow2).unwrap();
    let extents = walk::extents(&*disk).unwrap().into_iter().map(|extent| (extent.range, extent.kind));
    let data = 1 << 20..(1 << 20) + (64 << 10);
    let expected =
        [(0..data.start, ExtentKind::Zero), (data.clone(), ExtentKind::Data), (data.end..64 << 20, ExtentKind::Zero)];
    assert_eq!(extents.collect::<Vec<_>>(), expected);
}

#[test]
fn the_active_state_of_an_image_with_internal_snapshots_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    let (size, mut random) = (10 << 20, Random::new(5));
    qemu::create(&path, "", size);
    for snapshot in ["one", "two"] {
        qemu::io(&path, &random.script(20, size, 64 << 10));
        qemu::run("qemu-img", &["snapshot", "-c", snapshot, arg(&path)]);
    }
    qemu::io(&path, &random.script(20, size, 64 << 10));
    check(&path);
    qemu::run("qemu-img", &["snapshot", "-a", "one", arg(&path)]);
    check(&path);
}

/// Shrinking leaves an L1 table with more entries than the disk needs, and data behind its end.
#[test]
fn a_disk_that_was_grown_and_shrunk_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    qemu::create(&path, "cluster_size=4k", 3 << 20);
    qemu::io(&path, &Random::new(6).script(20, 3 << 20, 4 << 10));
    qemu::run("qemu-img", &["resize", "-q", "-f", "qcow2", arg(&path), "30M"]);
    qemu::io(&path, &Random::new(7).script(40, 30 << 20, 4 << 10));
    check(&path);
    qemu::run("qemu-img", &["resize", "-q", "--shrink", "-f", "qcow2", arg(&path), "2561K"]);
    check(&path);
}

#[test]
fn an_image_with_a_persistent_dirty_bitmap_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    qemu::create(&path, "", 10 << 20);
    qemu::run("qemu-img", &["bitmap", "--add", arg(&path), "changes"]);
    qemu::io(&path, &Random::new(8).script(20, 10 << 20, 64 << 10));
    check(&path);
}

#[test]
fn an_image_that_was_not_closed_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    qemu::create(&path, "lazy_refcounts=on", 10 << 20);
    let commands = ["write -P 5 100k 300k", "flush", "abort"].map(str::to_owned);
    qemu::io(&path, &commands);
    let dirty = std::fs::read(&path).unwrap()[79] & 1;
    assert_eq!(dirty, 1, "QEMU left the image dirty");
    check(&path);
}

#[test]
fn disks_of_no_and_of_odd_sizes_are_read() {
    let dir = tempfile::tempdir().unwrap();
    for size in [0, 512, 65024, 65536, 66048] {
        let path = dir.path().join(size.to_string());
        qemu::create(&path, "", size);
        qemu::io(&path, &[format!("write -P 9 0 {size}")]);
        check(&path);
    }
}

#[test]
fn an_empty_disk_of_16_tib_is_one_extent() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    qemu::create(&path, "", 16 << 40);
    let disk = walk::open(&path, SourceFormat::Qcow2).unwrap();
    let extent = disk.extent_at(12345).unwrap();
    assert_eq!((extent.range, extent.kind), (12345..16 << 40, ExtentKind::Hole));
    qemu::io(&path, &["write -P 1 8T 64k".to_owned()]);
    let disk = walk::open(&path, SourceFormat::Qcow2).unwrap();
    let data = 8 << 40..(8 << 40) + (64 << 10);
    let found: Vec<_> = walk::extents(&*disk).unwrap().into_iter().map(|extent| extent.range).collect();
    assert_eq!(found, [0..data.start, data.clone(), data.end..16 << 40]);
}

#[test]
fn several_threads_read_the_same_bytes_through_a_tiny_cache() {
    let dir = tempfile::tempdir().unwrap();
    let (source, path) = (dir.path().join("source"), dir.path().join("disk.qcow2"));
    let (size, cluster) = (2 << 20, 4 << 10);
    qemu::create(&source, "", size);
    qemu::io(&source, &Random::new(77).script(60, size, cluster));
    let options = format!("cluster_size={cluster}");
    qemu::run("qemu-img", &["convert", "-c", "-f", "qcow2", "-O", "qcow2", "-o", &options, arg(&source), arg(&path)]);
    let expected = qemu::content(&path);
    let limits = Limits { cache_bytes: 10_000, ..Limits::default() };
    let disk = open_qcow2(File::open(&path).unwrap(), &limits).unwrap();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (disk, expected) = (&disk, &expected);
            scope.spawn(move || {
                let mut random = Random::new(seed);
                for _ in 0..500 {
                    let offset = random.below(size);
                    let len = 1 + random.below((size - offset).min(9000));
                    let mut buf = vec![0; usize::try_from(len).unwrap()];
                    disk.read_at(offset, &mut buf).unwrap();
                    let start = usize::try_from(offset).unwrap();
                    assert!(buf == expected[start..start + buf.len()], "{len} bytes at {offset}");
                }
            });
        }
    });
}

#[test]
fn ranges_outside_the_disk_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    qemu::create(&path, "", 1 << 20);
    let disk = walk::open(&path, SourceFormat::Qcow2).unwrap();
    assert!(disk.read_at((1 << 20) - 1, &mut [0; 1]).is_ok());
    assert!(disk.read_at((1 << 20) - 1, &mut [0; 2]).is_err());
    assert!(disk.read_at(u64::MAX, &mut [0; 2]).is_err());
    assert!(disk.extent_at(1 << 20).is_err());
    assert!(disk.read_at(1 << 20, &mut []).is_ok());
}
