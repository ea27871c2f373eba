//! Content that goes out into volumes: new ones of backups and templates, and reverts.

use crate::server::{Reply, Server, data_with, noise, qcow2_content, run, sample_disk, text};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const VM: &str = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";

pub(crate) fn revert(server: &Server, backup: &str) -> Reply {
    let path = format!("/zstack/v1/volume-backups/{backup}/actions");
    server.finish(server.put(&path, &json!({"revertVolumeFromVolumeBackup": {}})))
}

fn from_backup(server: &Server, backup: &str, params: &Value) -> Reply {
    let path = format!("/zstack/v1/volumes/data-volume/from/volume-template/{backup}");
    server.finish(server.post(&path, &json!({"params": params})))
}

pub(crate) fn volume(server: &Server, uuid: &str) -> Value {
    server.query(&format!("/zstack/v1/volumes?q=uuid={uuid}")).first().cloned().unwrap_or_default()
}

/// The disk in a volume's file, as QEMU reads it.
pub(crate) fn content(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "qcow2") { qcow2_content(&bytes) } else { bytes }
}

/// Makes a file hold `disk`.
fn fill(path: &Path, options: &[&str], disk: &[u8]) {
    if path.extension().is_some_and(|extension| extension == "qcow2") {
        let raw = path.with_extension("fill");
        std::fs::write(&raw, disk).unwrap();
        let mut arguments = vec!["convert", "-f", "raw", "-O", "qcow2"];
        arguments.extend(options);
        arguments.extend([raw.to_str().unwrap(), path.to_str().unwrap()]);
        run("qemu-img", &arguments);
        std::fs::remove_file(raw).unwrap();
    } else {
        std::fs::write(path, disk).unwrap();
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A qemu-io process that has an image open until this is dropped.
pub(crate) struct Guest(Child);

impl Guest {
    pub(crate) fn open(path: &Path, format: &str) -> Self {
        let mut command = Command::new("qemu-io");
        command.args(["-f", format]).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(b"length\n").unwrap();
        let mut answer = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut answer).unwrap();
        assert!(!answer.is_empty(), "qemu-io opens the image");
        Self(child)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn a_volume_of_a_backup_holds_what_was_backed_up_and_is_its_own() {
    let disk = sample_disk(1);
    let (temp, path) = data_with("disk.raw", &disk);
    let server = Server::start(temp.path());
    let source = server.volume("disk.raw", "raw");
    let backup = text(&server.backup(&source)["uuid"]);
    std::fs::write(&path, noise(9, disk.len())).unwrap();
    let made =
        from_backup(&server, &backup, &json!({"name": "n", "description": "d", "vmInstanceUuid": VM})).inventory();
    assert_eq!((&made["status"], &made["format"], &made["type"]), (&json!("Ready"), &json!("qcow2"), &json!("Data")));
    assert_eq!((&made["vmInstanceUuid"], &made["deviceId"]), (&json!(VM), &json!(1)));
    assert!(made["lastAttachDate"].is_string() && made["rootImageUuid"].is_null());
    assert_eq!(made["size"], disk.len());
    let file = PathBuf::from(text(&made["installPath"]));
    assert_eq!(made["actualSize"], file.metadata().unwrap().blocks() * 512);
    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
    assert!(content(&file) == disk);
    // As an exported file, byte for byte.
    let image = text(&server.template(&backup, "t").inventory()["uuid"]);
    assert!(std::fs::read(&file).unwrap() == server.download(&image, "qcow2"));
    // Independent of the backup, which goes; and a source of backups itself.
    server.finish(server.delete(&format!("/zstack/v1/volume-backups/{backup}"))).ok();
    run("qemu-io", &["-f", "qcow2", "-c", "write -P 5 1M 64k", file.to_str().unwrap()]);
    let again = text(&server.backup(&text(&made["uuid"]))["uuid"]);
    let image = text(&server.template(&again, "t2").inventory()["uuid"]);
    let mut expected = disk;
    expected[1 << 20..(1 << 20) + 65536].fill(5);
    assert!(server.download(&image, "raw") == expected);
}

#[test]
fn a_volume_of_a_template_names_its_image() {
    let disk = sample_disk(2);
    let (temp, _) = data_with("disk.raw", &disk);
    let server = Server::start(temp.path());
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let image = text(&server.template(&backup, "t").inventory()["uuid"]);
    let primary = text(&server.query("/zstack/v1/primary-storage")[0]["uuid"]);
    let create = |image: &str, params: Value| {
        let path = format!("/zstack/v1/volumes/data/from/data-volume-templates/{image}");
        server.finish(server.post(&path, &json!({"params": params})))
    };
    let made = create(&image, json!({"name": "n", "primaryStorageUuid": primary})).inventory();
    assert_eq!(made["rootImageUuid"], image.as_str());
    assert!(content(Path::new(&text(&made["installPath"]))) == disk);
    assert_eq!(server.query(&format!("/zstack/v1/volumes?q=rootImageUuid={image}")).len(), 1);
    assert_eq!(server.query(&format!("/zstack/v1/volumes?q=image.uuid={image}")).len(), 1);
    assert_eq!(server.query(&format!("/zstack/v1/images?q=volume.uuid={}", text(&made["uuid"]))).len(), 1);
    create(&image, json!({"name": "n"})).refused("SYS.1007", &["primaryStorageUuid"]);
    create(VM, json!({"name": "n", "primaryStorageUuid": primary})).refused("SYS.1003", &["imageUuid", VM]);
    let root = json!({"params": {"name": "r", "backupStorageUuid": server.backup_storage()}});
    let path = format!("/zstack/v1/images/root-volume-templates/from/volume-template/{backup}");
    let root = text(&server.post(&path, &root).inventory()["uuid"]);
    let refused = create(&root, json!({"name": "n", "primaryStorageUuid": primary}));
    refused.refused("SYS.1007", &["imageUuid", "DataVolumeTemplate"]);
    server.finish(server.delete(&format!("/zstack/v1/images/{image}"))).ok();
    create(&image, json!({"name": "n", "primaryStorageUuid": primary})).refused("SYS.1006", &["Deleted"]);
}

#[test]
fn volumes_that_cannot_be_made_leave_nothing() {
    let (temp, path) = data_with("disk.raw", &sample_disk(3));
    let server = Server::start(temp.path());
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let primary = text(&server.query("/zstack/v1/primary-storage")[0]["uuid"]);
    let make = |params: Value| from_backup(&server, &backup, &params);
    make(json!({"name": "n", "vmInstanceUuid": "nonsense"})).refused("SYS.1007", &["vmInstanceUuid", "nonsense"]);
    make(json!({"name": "n", "primaryStorageUuid": VM})).refused("SYS.1003", &["primaryStorageUuid"]);
    make(json!({"name": "n", "backupStorageUuid": primary})).refused("SYS.1003", &["backupStorageUuid"]);
    make(json!({"name": "n", "resourceUuid": backup})).refused("SYS.1000", &[&backup]);
    // The file that the volume would get is somebody else's.
    let taken = path.parent().unwrap().join(format!("{VM}.qcow2"));
    std::fs::write(&taken, "mine").unwrap();
    make(json!({"name": "n", "resourceUuid": VM})).refused("SYS.1006", &[VM, "exists"]);
    assert_eq!(std::fs::read(&taken).unwrap(), b"mine");
    let body = json!({"params": {"name": "n"}, "systemTags": ["volume::source::file:disk.raw?format=raw"]});
    let reply = server.post(&format!("/zstack/v1/volumes/data-volume/from/volume-template/{backup}"), &body);
    server.finish(reply).refused("SYS.1007", &["systemTags", "volume::source"]);
    // Stored bytes that are damaged never become a volume's.
    for segment in segments(temp.path()) {
        let file = std::fs::File::options().write(true).open(segment).unwrap();
        file.write_all_at(&[0x55; 4096], 20_000).unwrap();
    }
    make(json!({"name": "n"})).refused("SYS.1006", &["damaged"]);
    assert_eq!(names(path.parent().unwrap()), [format!("{VM}.qcow2"), "disk.raw".to_owned()]);
    assert_eq!(server.query("/zstack/v1/volumes").len(), 1);
}

/// The files of the stored segments.
fn segments(data: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![data.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.to_str().unwrap().contains("/segments/") {
                found.push(path);
            }
        }
    }
    found
}

/// Backs a disk up, changes it, zeroing `zeros` bytes, and reverts it; answers the file's inode before and after.
fn back_and_forth(name: &str, options: &[&str], zeros: usize) -> (u64, u64) {
    let before = sample_disk(4);
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("volumes").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    fill(&path, options, &before);
    let server = Server::start(temp.path());
    let uuid = server.volume(name, name.rsplit('.').next().unwrap());
    let backup = text(&server.backup(&uuid)["uuid"]);
    let mut after = before.clone();
    after[100_000..200_000].fill(7);
    after[1_500_000..1_600_000].fill(8);
    after[2_500_000..2_500_000 + zeros].fill(0);
    if name.ends_with("raw") {
        std::fs::write(&path, &after).unwrap();
    } else {
        let write = |range: &str| run("qemu-io", &["-f", "qcow2", "-c", range, path.to_str().unwrap()]);
        write("write -P 7 100000 100000");
        write("write -P 8 1500000 100000");
        write(&format!("write -z 2500000 {zeros}"));
    }
    assert!(content(&path) == after);
    let newer = text(&server.backup(&uuid)["uuid"]);
    let inode = path.metadata().unwrap().ino();
    revert(&server, &backup).ok();
    assert!(content(&path) == before, "{name} {options:?}");
    let reverted = path.metadata().unwrap().ino();
    let mode = path.metadata().unwrap().mode();
    // Back to the newer state, and from there a backup that has nothing to store.
    revert(&server, &newer).ok();
    assert!(content(&path) == after, "{name} {options:?}");
    assert_eq!(path.metadata().unwrap().mode(), mode);
    assert_eq!(server.backup(&uuid)["size"], 0);
    assert_eq!(names(path.parent().unwrap()), [name]);
    (inode, reverted)
}

#[test]
fn a_revert_changes_a_raw_file_and_a_plain_qcow2_file_where_they_lie() {
    let (before, after) = back_and_forth("disk.raw", &[], 400_000);
    assert_eq!(before, after);
    // Neither of two clusters is zeroed as a whole: all that was changed has its place in the file.
    for options in [&[][..], &["-c"], &["-o", "preallocation=full"]] {
        let (before, after) = back_and_forth("disk.qcow2", options, 100_000);
        assert_eq!(before, after, "{options:?}");
    }
}

#[test]
fn a_revert_writes_a_qcow2_file_anew_where_clusters_are_missing() {
    for options in [&["-c"][..], &["-o", "cluster_size=4096"], &["-o", "compat=0.10"], &["-o", "extended_l2=on"]] {
        let (before, after) = back_and_forth("disk.qcow2", options, 400_000);
        assert_ne!(before, after, "{options:?}");
    }
}

#[test]
fn a_revert_writes_only_what_differs() {
    let disk = noise(5, 8 << 20);
    let (temp, path) = data_with("disk.raw", &disk);
    let server = Server::start(temp.path());
    let uuid = server.volume("disk.raw", "raw");
    let backup = text(&server.backup(&uuid)["uuid"]);
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    revert(&server, &backup).ok();
    let untouched = path.metadata().unwrap().modified().unwrap();
    // Nothing differs: not a byte is written.
    revert(&server, &backup).ok();
    assert_eq!(path.metadata().unwrap().modified().unwrap(), untouched);
    file.write_all_at(&[1; 100], 5 << 20).unwrap();
    revert(&server, &backup).ok();
    assert!(std::fs::read(&path).unwrap() == disk);
}

#[test]
fn a_volume_of_another_size_gets_the_size_of_the_backup() {
    for (name, format) in [("disk.raw", "raw"), ("disk.qcow2", "qcow2")] {
        let before = sample_disk(6);
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("volumes").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        fill(&path, &[], &before);
        let server = Server::start(temp.path());
        let uuid = server.volume(name, format);
        let small = text(&server.backup(&uuid)["uuid"]);
        std::fs::remove_file(&path).unwrap();
        let larger = noise(8, 5 << 20);
        fill(&path, &[], &larger);
        let large = text(&server.backup(&uuid)["uuid"]);
        assert_eq!(volume(&server, &uuid)["size"], larger.len());
        revert(&server, &small).ok();
        assert!(content(&path) == before, "{name}");
        assert_eq!(volume(&server, &uuid)["size"], before.len());
        revert(&server, &large).ok();
        assert!(content(&path) == larger, "{name}");
        assert_eq!(volume(&server, &uuid)["size"], larger.len());
    }
}

#[test]
fn a_volume_that_is_used_or_must_not_be_changed_is_not_reverted() {
    let disk = sample_disk(7);
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("volumes/disk.qcow2");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    fill(&path, &[], &disk);
    let server = Server::start(temp.path());
    let uuid = server.volume("disk.qcow2", "qcow2");
    let backup = text(&server.backup(&uuid)["uuid"]);
    let guest = Guest::open(&path, "qcow2");
    revert(&server, &backup).refused("SYS.1006", &[&uuid, "disk.qcow2", "another process"]);
    drop(guest);
    // Writing the file anew would lose a snapshot in it.
    run("qemu-img", &["snapshot", "-c", "s", path.to_str().unwrap()]);
    run("qemu-io", &["-f", "qcow2", "-c", "write -P 1 1M 64k", "-c", "discard 0 64k", path.to_str().unwrap()]);
    let now = content(&path);
    revert(&server, &backup).refused("SYS.1006", &["snapshots"]);
    assert!(content(&path) == now);
    run("qemu-img", &["snapshot", "-d", "s", path.to_str().unwrap()]);
    let state = |event: &str| {
        let body = json!({"changeVolumeState": {"stateEvent": event}});
        server.put(&format!("/zstack/v1/volumes/{uuid}/actions"), &body).inventory()
    };
    state("disable");
    revert(&server, &backup).refused("SYS.1006", &["Disabled"]);
    state("enable");
    revert(&server, VM).refused("SYS.1003", &[VM]);
    let elsewhere = json!({"revertVolumeFromVolumeBackup": {"backupStorageUuid": VM}});
    let path_of = format!("/zstack/v1/volume-backups/{backup}/actions");
    server.finish(server.put(&path_of, &elsewhere)).refused("SYS.1003", &["backupStorageUuid"]);
    revert(&server, &backup).ok();
    assert!(content(&path) == disk);
}

#[test]
fn a_volume_whose_making_is_cancelled_leaves_nothing() {
    let disk = noise(1, 48 << 20);
    let (temp, path) = data_with("disk.raw", &disk);
    let server = Server::start(temp.path());
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let mut states = Vec::new();
    while !states.contains(&"Canceled".to_owned()) {
        assert!(states.len() < 30, "none was cancelled in time: {states:?}");
        let data = json!({"backupUuid": backup, "name": "made"}).to_string();
        let params = json!({"jobName": "APICreateDataVolumeFromVolumeBackupMsg", "jobData": data});
        let job = text(&server.post("/zstack/v1/longjobs", &json!({"params": params})).inventory()["uuid"]);
        while server.query("/zstack/v1/volumes?q=name=made&q=status=Creating").is_empty() && !has_ended(&server, &job) {
            std::thread::yield_now();
        }
        server.put(&format!("/zstack/v1/longjobs/{job}/actions"), &json!({"cancelLongJob": {}}));
        while !has_ended(&server, &job) {
            std::thread::yield_now();
        }
        states.push(text(&server.query(&format!("/zstack/v1/longjobs/{job}"))[0]["state"]));
    }
    let made = server.query("/zstack/v1/volumes?q=name=made");
    assert_eq!(made.len(), states.iter().filter(|state| *state == "Succeeded").count());
    assert!(made.iter().all(|volume| volume["status"] == "Ready"));
    assert_eq!(names(path.parent().unwrap()).len(), 1 + made.len());
}

fn has_ended(server: &Server, job: &str) -> bool {
    let state = text(&server.query(&format!("/zstack/v1/longjobs/{job}"))[0]["state"]);
    !matches!(state.as_str(), "Running" | "Canceling" | "Waiting")
}
