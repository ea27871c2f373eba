//! QEMU's image locks, against a real QEMU process.

use crate::qemu;
use crate::qemu::arg;
use imprint_disk_format::DiskInUse;
use imprint_disk_format::ReadLock;
use imprint_disk_format::WriteLock;
use imprint_disk_format::check_not_in_use;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

/// A qemu-io process that has an image open until this is dropped.
struct Holder(Child);

impl Holder {
    fn open(path: &Path, options: &[&str]) -> Self {
        let mut command = Command::new("qemu-io");
        command.args(options).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let spawned = command.spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("this test needs qemu-io, from qemu-utils: {error}"));
        // It answers once it has opened the image.
        child.stdin.as_mut().unwrap().write_all(b"length\n").unwrap();
        let mut answer = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut answer).unwrap();
        assert!(!answer.is_empty(), "qemu-io opens the image");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn image() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.qcow2");
    qemu::create(&path, "", 1 << 20);
    (dir, path)
}

#[test]
fn an_image_that_qemu_writes_to_is_in_use() {
    let (_dir, path) = image();
    let file = File::open(&path).unwrap();
    check_not_in_use(&file).unwrap();
    for options in [&["-f", "qcow2"][..], &["-f", "raw"]] {
        let holder = Holder::open(&path, options);
        assert!(matches!(check_not_in_use(&file), Err(DiskInUse::Written)));
        assert!(matches!(ReadLock::take(&file), Err(DiskInUse::Written)));
        drop(holder);
        check_not_in_use(&file).unwrap();
    }
}

#[test]
fn an_image_that_qemu_only_reads_is_free() {
    let (_dir, path) = image();
    let file = File::open(&path).unwrap();
    let _holder = Holder::open(&path, &["-r", "-f", "qcow2"]);
    check_not_in_use(&file).unwrap();
    ReadLock::take(&file).unwrap();
}

#[test]
fn a_read_lock_keeps_qemu_from_writing_until_it_is_dropped() {
    let (_dir, path) = image();
    let file = File::open(&path).unwrap();
    let write = || qemu::try_run("qemu-io", &["-f", "qcow2", "-c", "write 0 64k", arg(&path)]);
    let lock = ReadLock::take(&file).unwrap();
    let other = File::open(&path).unwrap();
    let second = ReadLock::take(&other).unwrap();
    drop(lock);
    let refused = write();
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("lock"), "{refused:?}");
    qemu::run("qemu-io", &["-r", "-f", "qcow2", "-c", "read 0 64k", arg(&path)]);
    drop(second);
    assert!(write().status.success());
}

#[test]
fn a_write_lock_keeps_everybody_out_and_is_kept_out_by_everybody() {
    let (_dir, path) = image();
    let open = || File::options().read(true).write(true).open(&path).unwrap();
    let (file, other) = (open(), open());
    let lock = WriteLock::take(&file).unwrap();
    assert!(matches!(WriteLock::take(&other), Err(DiskInUse::Written)));
    assert!(matches!(ReadLock::take(&other), Err(DiskInUse::Written)));
    for options in [&["-f", "qcow2", "-c", "read 0 64k"][..], &["-r", "-f", "qcow2", "-c", "read 0 64k"]] {
        let refused = qemu::try_run("qemu-io", &[options, &[arg(&path)]].concat());
        assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("lock"), "{refused:?}");
    }
    drop(lock);
    let reader = ReadLock::take(&other).unwrap();
    assert!(matches!(WriteLock::take(&file), Err(DiskInUse::NotShared)));
    drop(reader);
    for options in [&["-f", "qcow2"][..], &["-r", "-f", "qcow2"], &["-f", "raw"]] {
        let holder = Holder::open(&path, options);
        assert!(WriteLock::take(&file).is_err(), "{options:?}");
        drop(holder);
    }
    WriteLock::take(&file).unwrap();
}
