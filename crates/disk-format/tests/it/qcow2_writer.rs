//! Files made by the writer, judged by QEMU and read back.

use crate::qemu;
use crate::qemu::arg;
use crate::random::Random;
use crate::walk;
use imprint_disk_format::ClusterBitmap;
use imprint_disk_format::ExtentKind;
use imprint_disk_format::Limits;
use imprint_disk_format::Qcow2Layout;
use imprint_disk_format::Region;
use imprint_disk_format::SourceFormat;
use imprint_disk_format::open_qcow2;
use imprint_disk_format::write_blank_qcow2;
use md5::Digest;
use md5::Md5;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const CLUSTER: u64 = Qcow2Layout::CLUSTER_SIZE;

/// A disk of some clusters that hold data, all others zeros.
struct Model {
    size: u64,
    data: BTreeSet<u64>,
}

impl Model {
    fn random(seed: u64, size: u64, count: u64) -> Self {
        let mut random = Random::new(seed);
        let clusters = size.div_ceil(CLUSTER);
        let near = |random: &mut Random| random.below(clusters.min(500));
        let far = |random: &mut Random| random.below(clusters);
        let data = (0..count).map(|n| if n % 2 == 0 { near(&mut random) } else { far(&mut random) }).collect();
        Self { size, data }
    }

    fn tables(&self) -> BTreeMap<u64, ClusterBitmap> {
        let mut tables: BTreeMap<u64, ClusterBitmap> = BTreeMap::new();
        for cluster in &self.data {
            tables.entry(cluster / 8192).or_default().insert(u32::try_from(cluster % 8192).unwrap());
        }
        tables
    }

    /// What a cluster holds: its number over and over, zeros beyond the disk's end.
    fn cluster(&self, cluster: u64) -> Vec<u8> {
        let word = (cluster + 1).wrapping_mul(0x0101_0101_0101_0101).to_le_bytes();
        let inside = usize::try_from((self.size - cluster * CLUSTER).min(CLUSTER)).unwrap();
        let mut bytes = word.repeat(8192);
        bytes[inside..].fill(0);
        bytes
    }

    /// Hands out the file in pieces: where each goes and its bytes. Zeros inside the metadata are handed out too.
    fn write(&self, mut write: impl FnMut(u64, &[u8])) -> Qcow2Layout {
        let tables = self.tables();
        let layout = Qcow2Layout::new(self.size, tables.iter().map(|(table, bits)| (*table, bits.count()))).unwrap();
        let mut at = 0;
        while let Some(region) = layout.region_at(at) {
            at = match region {
                Region::Metadata { range } => {
                    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
                    layout.metadata_bytes(range.start, &mut bytes).unwrap();
                    write(range.start, &bytes);
                    range.end
                }
                Region::L2Table { range, table } => {
                    write(range.start, &layout.l2_bytes(table, &tables[&table]).unwrap());
                    range.end
                }
                Region::Data { range, table, nth } => {
                    for (at, nth) in range.clone().step_by(65536).zip(nth..) {
                        let cluster = table * 8192 + u64::from(tables[&table].nth(nth).unwrap());
                        write(at, &self.cluster(cluster));
                    }
                    range.end
                }
            };
        }
        layout
    }

    fn write_file(&self, path: &Path) {
        let file = File::create(path).unwrap();
        let layout = self.write(|at, bytes| file.write_all_at(bytes, at).unwrap());
        assert_eq!(file.metadata().unwrap().len(), layout.file_len());
    }

    fn write_raw(&self, path: &Path) {
        let file = File::create(path).unwrap();
        file.set_len(self.size.next_multiple_of(512)).unwrap();
        for cluster in &self.data {
            let start = cluster * CLUSTER;
            let inside = usize::try_from((self.size - start).min(CLUSTER)).unwrap();
            file.write_all_at(&self.cluster(*cluster)[..inside], start).unwrap();
        }
    }
}

fn check_with_qemu(path: &Path) {
    let report = qemu::run("qemu-img", &["check", "-f", "qcow2", arg(path)]);
    assert!(report.contains("No errors were found on the image."), "{report}");
}

#[test]
fn files_of_the_writer_are_what_qemu_reads_and_finds_no_error_in() {
    let dir = tempfile::tempdir().unwrap();
    let (image, raw) = (dir.path().join("disk.qcow2"), dir.path().join("disk.raw"));
    let sizes = [512, CLUSTER, (3 << 20) + 1, (1 << 30) + 77, (3 << 30) - 512, 700 << 30];
    for (size, seed) in sizes.into_iter().zip(0..) {
        let model = Model::random(seed, size, 90);
        model.write_file(&image);
        model.write_raw(&raw);
        check_with_qemu(&image);
        qemu::run("qemu-img", &["compare", "-f", "qcow2", "-F", "raw", arg(&image), arg(&raw)]);
        let disk = walk::open(&image, SourceFormat::Qcow2).unwrap();
        let extents = walk::extents(&*disk).unwrap();
        let mut data = BTreeSet::new();
        for extent in extents.iter().filter(|extent| extent.kind == ExtentKind::Data) {
            data.extend(extent.range.start / CLUSTER..extent.range.end.div_ceil(CLUSTER));
        }
        assert_eq!(data, model.data);
        for cluster in &model.data {
            let start = cluster * CLUSTER;
            let mut bytes = vec![0; usize::try_from((disk.size() - start).min(CLUSTER)).unwrap()];
            disk.read_at(start, &mut bytes).unwrap();
            assert!(bytes == model.cluster(*cluster)[..bytes.len()]);
        }
    }
}

#[test]
fn a_disk_without_data_is_a_valid_file_whatever_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("blank.qcow2");
    for size in [0, 1, 512, 1 << 30, 16 << 40, 64 << 40] {
        std::fs::write(&path, b"what was there before").unwrap();
        let mut file = File::options().read(true).write(true).open(&path).unwrap();
        write_blank_qcow2(&mut file, size).unwrap();
        check_with_qemu(&path);
        let info = qemu::run("qemu-img", &["info", "--output=json", "-f", "qcow2", arg(&path)]);
        let info: serde_json::Value = serde_json::from_str(&info).unwrap();
        assert_eq!(info["virtual-size"], size.next_multiple_of(512));
        let disk = walk::open(&path, SourceFormat::Qcow2).unwrap();
        assert!(walk::extents(&*disk).unwrap().iter().all(|extent| extent.kind == ExtentKind::Hole));
        let mut expected = Vec::new();
        Model { size, data: BTreeSet::new() }.write(|_, bytes| expected.extend_from_slice(bytes));
        assert!(std::fs::read(&path).unwrap() == expected, "the sparse file of {size} bytes");
    }
    let too_large = write_blank_qcow2(&mut File::create(&path).unwrap(), u64::MAX);
    assert_eq!(too_large.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn qemu_can_write_to_a_blank_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("blank.qcow2");
    write_blank_qcow2(&mut File::create(&path).unwrap(), 1 << 40).unwrap();
    let commands = ["write -P 5 3G 1M", "write -z 4G 1M", "write -c -P 6 900G 64k"].map(str::to_owned);
    qemu::io(&path, &commands);
    check_with_qemu(&path);
    let disk = walk::open(&path, SourceFormat::Qcow2).unwrap();
    for (offset, value) in [(3 << 30, 5), (4 << 30, 0), (900 << 30, 6)] {
        let mut bytes = [9; 512];
        disk.read_at(offset, &mut bytes).unwrap();
        assert_eq!(bytes, [value; 512]);
    }
}

#[test]
fn a_file_with_more_than_one_refcount_block_is_valid() {
    // The writer's file is sparse here: the bytes of the data do not matter to the refcounts.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("full.qcow2");
    let model = Model { size: 5 << 30, data: (0..81_920).collect() };
    let file = File::create(&path).unwrap();
    let tables = model.tables();
    let layout = Qcow2Layout::new(model.size, tables.iter().map(|(table, bits)| (*table, bits.count()))).unwrap();
    file.set_len(layout.file_len()).unwrap();
    let Some(Region::Metadata { range }) = layout.region_at(0) else { panic!("a file starts with metadata") };
    let mut bytes = vec![0; usize::try_from(range.end).unwrap()];
    layout.metadata_bytes(0, &mut bytes).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
    let mut at = range.end;
    while let Some(Region::L2Table { range, table }) = layout.region_at(at) {
        file.write_all_at(&layout.l2_bytes(table, &tables[&table]).unwrap(), at).unwrap();
        at = range.end;
    }
    check_with_qemu(&path);
}

/// The bytes of a layout version never change: whoever keeps a checksum of an exported file relies on it.
#[test]
fn version_1_of_the_layout_keeps_its_bytes() {
    let model = Model::random(2026, (5 << 30) + 4096, 70);
    let mut md5 = Md5::new();
    let mut bytes = Vec::new();
    model.write(|_, piece| {
        md5.update(piece);
        bytes.extend_from_slice(piece);
    });
    assert_eq!(Qcow2Layout::VERSION, 1);
    assert_eq!(hex::encode(md5.finalize()), "a1fa29f71f13b893124c66259f9d29be");
    let disk = open_qcow2(bytes, &Limits::default()).unwrap();
    let data: u64 = walk::extents(&disk)
        .unwrap()
        .iter()
        .filter(|it| it.kind == ExtentKind::Data)
        .map(|it| it.range.end - it.range.start)
        .sum();
    assert!(data > 60 * CLUSTER);
}
