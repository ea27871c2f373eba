//! Images that are refused, each with its own error.

use crate::qemu;
use crate::qemu::arg;
use crate::walk;
use imprint_disk_format::Disk;
use imprint_disk_format::Encryption;
use imprint_disk_format::KnownFormat;
use imprint_disk_format::Limits;
use imprint_disk_format::MetadataDefect;
use imprint_disk_format::OpenDiskError;
use imprint_disk_format::ReadDiskError;
use imprint_disk_format::SourceFormat;
use imprint_disk_format::Table;
use imprint_disk_format::open_qcow2;
use std::path::Path;
use tempfile::TempDir;

/// A temporary directory and a path in it.
fn place() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    (dir, path)
}

fn open_error(path: &Path) -> OpenDiskError {
    walk::open(path, SourceFormat::Qcow2).err().expect("the image is refused")
}

/// A small image with two L2 tables, in memory so that it can be patched: 4 KiB clusters, data at 0 and at 2 MiB.
struct Image(Vec<u8>);

impl Image {
    fn new() -> Self {
        let (_dir, path) = place();
        qemu::create(&path, "cluster_size=4k", 4 << 20);
        qemu::io(&path, &["write -P 1 0 4k".to_owned(), "write -P 2 2M 4k".to_owned()]);
        Self(std::fs::read(path).unwrap())
    }

    fn u64_at(&self, at: usize) -> u64 {
        u64::from_be_bytes(self.0[at..at + 8].try_into().unwrap())
    }

    fn patch(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn patch_u64(self, at: usize, value: u64) -> Self {
        self.patch(at, &value.to_be_bytes())
    }

    fn l1(&self) -> usize {
        usize::try_from(self.u64_at(40)).unwrap()
    }

    fn refcount_table(&self) -> u64 {
        self.u64_at(48)
    }

    /// Offset of the first L2 table.
    fn l2(&self) -> usize {
        usize::try_from(self.u64_at(self.l1()) & 0xff_ffff_ffff_fe00).unwrap()
    }

    fn open(self) -> Result<impl Disk, OpenDiskError> {
        open_qcow2(self.0, &Limits::default())
    }

    fn error(self) -> OpenDiskError {
        self.open().err().expect("the image is refused")
    }

    fn defect(self) -> MetadataDefect {
        match self.error() {
            OpenDiskError::Metadata(defect) => defect,
            other => panic!("{other}"),
        }
    }

    /// The defect that reading the first cluster finds; asking for its extent must find it too.
    fn defect_of_first_cluster(self) -> MetadataDefect {
        let disk = self.open().expect("the defect is in an L2 table");
        let of_extent = disk.extent_at(0).expect_err("the first cluster is damaged");
        match (disk.read_at(0, &mut [0; 512]), of_extent) {
            (Err(ReadDiskError::Metadata { offset: 0, defect }), ReadDiskError::Metadata { defect: again, .. }) => {
                assert_eq!(defect, again);
                defect
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_overlay_is_refused_with_the_name_of_its_backing_file() {
    let (dir, path) = place();
    let base = dir.path().join("base.qcow2");
    qemu::create(&base, "", 1 << 20);
    for compat in ["compat=0.10", "compat=1.1"] {
        let args = ["create", "-q", "-f", "qcow2", "-o", compat, "-F", "qcow2", "-b", "base.qcow2", arg(&path)];
        qemu::run("qemu-img", &args);
        assert!(matches!(open_error(&path), OpenDiskError::BackingFile { name } if name == "base.qcow2"));
    }
    let half = Image::new().patch_u64(8, 1 << 60);
    assert!(matches!(half.error(), OpenDiskError::BackingFile { name } if name.is_empty()));
    let huge = Image::new().patch_u64(8, 512).patch(16, &u32::MAX.to_be_bytes());
    assert!(matches!(huge.error(), OpenDiskError::InvalidHeader { field: "backing_file_size", .. }));
}

#[test]
fn an_external_data_file_is_refused() {
    let (dir, path) = place();
    let data = dir.path().join("data.raw");
    qemu::create(&path, &format!("data_file={}", arg(&data)), 1 << 20);
    assert!(matches!(open_error(&path), OpenDiskError::ExternalDataFile));
}

#[test]
fn encrypted_images_are_refused() {
    for (format, method) in [("luks", Encryption::Luks), ("aes", Encryption::Aes)] {
        let (_dir, path) = place();
        let options = format!("encrypt.format={format},encrypt.key-secret=s");
        let secret = "secret,id=s,data=letmein";
        let args = ["create", "-q", "--object", secret, "-f", "qcow2", "-o", &options, arg(&path), "1M"];
        qemu::run("qemu-img", &args);
        assert!(matches!(open_error(&path), OpenDiskError::Encrypted { method: found } if found == method));
    }
    let unknown = Image::new().patch(32, &7_u32.to_be_bytes());
    assert!(matches!(unknown.error(), OpenDiskError::Encrypted { method: Encryption::Unknown(7) }));
}

#[test]
fn features_and_versions_that_are_not_known_are_refused() {
    let unknown = Image::new().patch_u64(72, 1 << 40 | 1);
    assert!(matches!(unknown.error(), OpenDiskError::UnknownFeatures { bits } if bits == 1 << 40));
    assert!(matches!(Image::new().patch_u64(72, 2).error(), OpenDiskError::MarkedCorrupt));
    for version in [0_u32, 1, 4] {
        let patched = Image::new().patch(4, &version.to_be_bytes());
        assert!(matches!(patched.error(), OpenDiskError::UnsupportedVersion { found } if found == version));
    }
}

#[test]
fn a_file_that_is_not_what_it_is_declared_to_be_is_refused() {
    let (_dir, path) = place();
    qemu::create(&path, "", 1 << 20);
    let raw = walk::open(&path, SourceFormat::Raw).err();
    assert!(matches!(raw, Some(OpenDiskError::LooksLike { format: KnownFormat::Qcow2 })));
    for (format, known) in [("vmdk", KnownFormat::Vmdk), ("vdi", KnownFormat::Vdi), ("vhdx", KnownFormat::Vhdx)] {
        qemu::run("qemu-img", &["create", "-q", "-f", format, arg(&path), "1M"]);
        let raw = walk::open(&path, SourceFormat::Raw).err();
        assert!(matches!(raw, Some(OpenDiskError::LooksLike { format }) if format == known), "{format}");
        assert!(matches!(open_error(&path), OpenDiskError::NotQcow2 { looks_like: Some(it) } if it == known));
    }
    for bytes in [&b""[..], b"QFI", b"some text that is no image"] {
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(open_error(&path), OpenDiskError::NotQcow2 { looks_like: None }));
    }
}

#[test]
fn disks_over_the_limit_are_refused() {
    let (_dir, path) = place();
    qemu::create(&path, "cluster_size=2M", (64 << 40) + 512);
    assert!(matches!(open_error(&path), OpenDiskError::TooLarge { size, .. } if size == (64 << 40) + 512));
    qemu::create(&path, "cluster_size=2M", 64 << 40);
    assert_eq!(walk::open(&path, SourceFormat::Qcow2).unwrap().size(), 64 << 40);
}

#[test]
fn impossible_header_fields_are_refused() {
    let invalid = |image: Image| match image.error() {
        OpenDiskError::InvalidHeader { field, .. } => field,
        other => panic!("{other}"),
    };
    for bits in [0_u32, 8, 22, u32::MAX] {
        assert_eq!(invalid(Image::new().patch(20, &bits.to_be_bytes())), "cluster_bits");
    }
    assert_eq!(invalid(Image::new().patch(36, &[0; 4])), "l1_size");
    assert_eq!(invalid(Image::new().patch_u64(24, 1 << 40)), "l1_size");
    assert_eq!(invalid(Image::new().patch(96, &7_u32.to_be_bytes())), "refcount_order");
    assert_eq!(invalid(Image::new().patch(100, &u32::MAX.to_be_bytes())), "header_length");
    assert_eq!(invalid(Image::new().patch(100, &96_u32.to_be_bytes())), "header_length");
    assert_eq!(invalid(Image::new().patch(104, &[1])), "compression_type");
    assert_eq!(invalid(Image::new().patch(104, &[9]).patch_u64(72, 8)), "compression_type");
    assert_eq!(invalid(Image::new().patch(60, &u32::MAX.to_be_bytes())), "nb_snapshots");
}

#[test]
fn tables_that_are_too_large_are_refused_before_they_are_read() {
    let l1 = Image::new().patch(36, &u32::MAX.to_be_bytes()).error();
    assert!(matches!(l1, OpenDiskError::TableTooLarge { table: Table::L1, .. }));
    let refcounts = Image::new().patch(56, &u32::MAX.to_be_bytes()).error();
    assert!(matches!(refcounts, OpenDiskError::TableTooLarge { table: Table::RefcountTable, .. }));
}

#[test]
fn tables_outside_the_file_are_refused() {
    let outside = |image: Image| match image.defect() {
        MetadataDefect::TableOutsideFile { table, .. } => table,
        other => panic!("{other}"),
    };
    let far = 1 << 40;
    let image = Image::new();
    let (l1, refcounts) = (image.l1(), usize::try_from(image.refcount_table()).unwrap());
    assert_eq!(outside(Image::new().patch_u64(40, far)), Table::L1);
    assert_eq!(outside(Image::new().patch_u64(40, !0xfff)), Table::L1);
    assert_eq!(outside(Image::new().patch_u64(48, far)), Table::RefcountTable);
    assert_eq!(outside(Image::new().patch_u64(l1, far)), Table::L2);
    assert_eq!(outside(Image::new().patch_u64(refcounts, far)), Table::RefcountBlock);
    assert_eq!(outside(Image::new().patch(60, &[0, 0, 0, 1]).patch_u64(64, far)), Table::SnapshotTable);
    let mut short = Image::new();
    short.0.truncate(100);
    assert_eq!(outside(short), Table::Header);
}

#[test]
fn unaligned_tables_and_reserved_bits_are_refused() {
    let image = Image::new();
    let (l1, l1_offset) = (image.l1(), image.u64_at(40));
    let unaligned = image.patch_u64(40, l1_offset + 512).defect();
    assert_eq!(unaligned, MetadataDefect::TableUnaligned { table: Table::L1, offset: l1_offset + 512 });
    let entry = Image::new().u64_at(l1);
    let unaligned = Image::new().patch_u64(l1, entry + 512).defect();
    assert!(matches!(unaligned, MetadataDefect::TableUnaligned { table: Table::L2, .. }));
    let reserved = Image::new().patch_u64(l1, entry | 2).defect();
    assert_eq!(reserved, MetadataDefect::ReservedBits { table: Table::L1, entry: entry | 2 });
}

#[test]
fn overlapping_and_looping_tables_are_refused() {
    let image = Image::new();
    let (l1, refcount_table) = (image.l1(), image.refcount_table());
    let refcount_block = image.u64_at(usize::try_from(refcount_table).unwrap());
    let l1_offset = image.u64_at(40);
    for (offset, other) in
        [(l1_offset, Table::L1), (refcount_table, Table::RefcountTable), (refcount_block, Table::RefcountBlock)]
    {
        match Image::new().patch_u64(l1, offset).defect() {
            MetadataDefect::TablesOverlap { first, second, offset: found } => {
                assert_eq!(found, offset);
                assert!([first, second].contains(&other) && [first, second].contains(&Table::L2));
            }
            defect => panic!("{defect}"),
        }
    }
    let over_header = Image::new().patch_u64(40, 0).defect();
    assert_eq!(over_header, MetadataDefect::TablesOverlap { first: Table::Header, second: Table::L1, offset: 0 });
    let second = Image::new().u64_at(l1);
    let twice = Image::new().patch_u64(l1 + 8, second).defect();
    assert!(matches!(twice, MetadataDefect::TableUsedTwice { table: Table::L2, .. }), "{twice}");
}

#[test]
fn damaged_l2_entries_are_refused_where_they_are_read() {
    let l2 = Image::new().l2();
    let file_len = u64::try_from(Image::new().0.len()).unwrap();
    let table = u64::try_from(l2).unwrap();
    let defect = |entry: u64| Image::new().patch_u64(l2, entry).defect_of_first_cluster();
    assert_eq!(defect(table), MetadataDefect::DataOverTable { offset: table, table: Table::L2 });
    assert_eq!(defect(file_len + 512), MetadataDefect::DataUnaligned { offset: file_len + 512 });
    let far = 1 << 40;
    assert!(matches!(defect(far), MetadataDefect::DataOutsideFile { offset, .. } if offset == far));
    assert!(matches!(defect(far | 2), MetadataDefect::ReservedBits { table: Table::L2, .. }));
    assert!(matches!(defect(1 << 62 | far), MetadataDefect::DataOutsideFile { offset, .. } if offset == far));
    assert!(matches!(defect(1 << 62 | table), MetadataDefect::DataOverTable { table: Table::L2, .. }));
}

#[test]
fn a_damaged_compressed_cluster_is_never_handed_out() {
    for compression in ["zlib", "zstd"] {
        let (_dir, path) = place();
        qemu::create(&path, &format!("compression_type={compression}"), 1 << 20);
        qemu::io(&path, &["write -c -P 3 0 64k".to_owned()]);
        let mut image = Image(std::fs::read(&path).unwrap());
        let l2 = image.l2();
        let host = usize::try_from(image.u64_at(l2) & ((1 << 54) - 1)).unwrap();
        image.0[host..].fill(0xff);
        let disk = image.open().unwrap();
        let whole = disk.read_at(0, &mut vec![0; 64 << 10]);
        let part = disk.read_at(100, &mut [0; 1]);
        for result in [whole, part] {
            assert!(matches!(result, Err(ReadDiskError::Decompress { offset: 0 })), "{compression}: {result:?}");
        }
    }
}

#[test]
fn an_image_that_changes_while_it_is_read_is_noticed() {
    let (_dir, path) = place();
    qemu::create(&path, "", 1 << 20);
    qemu::io(&path, &["write -P 3 0 64k".to_owned()]);
    let disk = walk::open(&path, SourceFormat::Qcow2).unwrap();
    disk.check_unchanged().unwrap();
    qemu::run("qemu-img", &["snapshot", "-c", "s", arg(&path)]);
    assert!(disk.check_unchanged().is_err());
    let disk = walk::open(&path, SourceFormat::Qcow2).unwrap();
    let len = std::fs::metadata(&path).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(70_000).unwrap();
    let expected = (len, 70_000);
    for result in [disk.read_at(0, &mut [0; 512]), disk.check_unchanged()] {
        assert!(matches!(result, Err(ReadDiskError::SizeChanged { expected: e, found }) if (e, found) == expected));
    }
}
