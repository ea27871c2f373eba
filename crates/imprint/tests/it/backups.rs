//! Volume backups: full, incremental, deleted, refused.

use crate::server::{Server, data_with, noise, run, sample_disk, text};
use serde_json::{Value, json};
use std::io::{Seek, SeekFrom, Write};
use std::process::{Command, Stdio};

fn write_at(path: &std::path::Path, offset: u64, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(bytes).unwrap();
}

fn image_of(server: &Server, backup: &Value) -> String {
    text(&server.template(&text(&backup["uuid"]), "t").inventory()["uuid"])
}

#[test]
fn an_incremental_stores_only_what_changed_and_every_backup_is_whole() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let first = server.backup(&volume);
    assert_eq!((&first["mode"], &first["status"], &first["type"]), (&json!("full"), &json!("Ready"), &json!("Data")));
    let metadata: Value = serde_json::from_str(&text(&first["metadata"])).unwrap();
    assert_eq!(metadata["method"], "full");
    assert_eq!(metadata["bytesStored"], first["size"]);
    write_at(&path, 65536, &noise(9, 65536));
    let second = server.backup(&volume);
    assert_eq!(second["mode"], "incremental");
    let stored = second["size"].as_u64().unwrap();
    assert!((65536..70_000).contains(&stored), "{stored}");
    let unchanged = server.backup(&volume);
    assert_eq!(unchanged["size"], 0);
    let now = std::fs::read(&path).unwrap();
    let (image1, image2, image3) =
        (image_of(&server, &first), image_of(&server, &second), image_of(&server, &unchanged));
    server.delete(&format!("/zstack/v1/volume-backups/{}", text(&first["uuid"]))).ok();
    assert!(server.download(&image1, "raw") == sample_disk(1));
    assert!(server.download(&image2, "raw") == now);
    assert!(server.download(&image3, "raw") == now);
    let left = server.query(&format!("/zstack/v1/volume-backups?q=volumeUuid={volume}&sort=createDate"));
    assert_eq!(left.len(), 2);
    assert_eq!(left[0]["backupStorageRefs"][0]["status"], "Ready");
}

#[test]
fn a_full_one_can_be_forced_and_other_modes_are_refused() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    server.backup(&volume);
    let path = format!("/zstack/v1/volumes/{volume}/volume-backups");
    let storage = server.backup_storage();
    let take = |mode: &str| {
        let body = json!({"params": {"name": "b", "backupStorageUuid": storage, "mode": mode}});
        server.finish(server.post(&path, &body))
    };
    let full = take("full").inventory();
    assert_eq!(full["mode"], "full");
    assert!(full["size"].as_u64().unwrap() > 1 << 20);
    take("incremental").refused("SYS.1007", &["mode", "incremental"]);
    let slow = json!({"params": {"name": "b", "backupStorageUuid": storage, "volumeReadBandwidth": 1}});
    server.post(&path, &slow).refused("SYS.1007", &["volumeReadBandwidth", "1024"]);
}

#[test]
fn a_volume_that_grows_and_shrinks_is_backed_up_as_it_is() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    server.backup(&volume);
    for len in [9_000_000u64, 1_500_001, 70_000] {
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(len).unwrap();
        let backup = server.backup(&volume);
        let image = image_of(&server, &backup);
        assert!(server.download(&image, "raw") == std::fs::read(&path).unwrap(), "{len}");
    }
}

#[test]
fn a_qcow2_volume_is_backed_up_as_qemu_reads_it() {
    let (temp, path) = data_with("raw.img", &sample_disk(3)[..3 << 20]);
    let qcow2 = path.with_file_name("disk.qcow2");
    run("qemu-img", &["convert", "-c", "-f", "raw", "-O", "qcow2", path.to_str().unwrap(), qcow2.to_str().unwrap()]);
    let server = Server::start(temp.path());
    let volume = server.volume("disk.qcow2", "qcow2");
    let first = image_of(&server, &server.backup(&volume));
    run("qemu-io", &["-f", "qcow2", "-c", "write -P 0x5a 1M 128k", qcow2.to_str().unwrap()]);
    let second = server.backup(&volume);
    assert_eq!(second["mode"], "incremental");
    assert!(server.download(&first, "raw") == std::fs::read(&path).unwrap());
    let image = server.download(&image_of(&server, &second), "raw");
    assert!(image[1 << 20..(1 << 20) + (128 << 10)].iter().all(|byte| *byte == 0x5a));
}

#[test]
fn a_file_that_qemu_has_open_for_writing_is_refused() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let qcow2 = path.with_file_name("disk.qcow2");
    run("qemu-img", &["create", "-q", "-f", "qcow2", qcow2.to_str().unwrap(), "1M"]);
    let server = Server::start(temp.path());
    let volume = server.volume("disk.qcow2", "qcow2");
    let mut qemu = Command::new("qemu-io")
        .args(["-f", "qcow2", qcow2.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The prompt comes once the image is open and locked.
    let mut prompt = [0; 8];
    std::io::Read::read_exact(qemu.stdout.as_mut().unwrap(), &mut prompt).unwrap();
    let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
    let path = format!("/zstack/v1/volumes/{volume}/volume-backups");
    server.finish(server.post(&path, &body)).refused("SYS.1006", &["open for writing", "qemu+qmp://"]);
    drop(qemu.stdin.take());
    qemu.wait().unwrap();
    server.backup(&volume);
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 1);
}

#[test]
fn a_source_that_vanished_or_changed_its_format_fails_and_leaves_no_backup() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
    let take = || server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body));
    std::fs::remove_file(&path).unwrap();
    take().refused("SYS.1006", &["disk.raw", &volume]);
    run("qemu-img", &["create", "-q", "-f", "qcow2", path.to_str().unwrap(), "1M"]);
    take().refused("SYS.1006", &["disk.raw", "qcow2"]);
    assert!(server.query("/zstack/v1/volume-backups").is_empty());
}

#[test]
fn deleting_is_idempotent_and_refuses_ill_formed_ids() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let storage = server.backup_storage();
    let path = format!("/zstack/v1/volume-backups/{backup}");
    server.delete(&format!("{path}?backupStorageUuids=abc")).refused("SYS.1003", &["backupStorageUuids", "abc"]);
    server.delete(&format!("{path}?deleteMode=Quickly")).refused("SYS.1000", &["Quickly"]);
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 1);
    assert_eq!(server.delete(&format!("{path}?backupStorageUuids={storage}&deleteMode=Enforcing")).ok(), json!({}));
    assert_eq!(server.delete(&path).ok(), json!({}));
    assert!(server.query("/zstack/v1/volume-backups").is_empty());
    server.delete("/zstack/v1/volume-backups/abc").refused("SYS.1003", &["abc"]);
    server
        .delete(&path.to_uppercase().replace("/ZSTACK/V1/VOLUME-BACKUPS", "/zstack/v1/volume-backups"))
        .refused("SYS.1003", &[]);
}

#[test]
fn one_flipped_byte_fails_only_the_readers_of_its_block() {
    let (temp, path) = data_with("disk.raw", &noise(5, 4 << 20));
    std::fs::write(path.with_file_name("other.raw"), noise(6, 1 << 20)).unwrap();
    let server = Server::start(temp.path());
    let hurt = image_of(&server, &server.backup(&server.volume("disk.raw", "raw")));
    let whole = image_of(&server, &server.backup(&server.volume("other.raw", "raw")));
    let link = text(&server.export(&hurt, "qcow2")["imageUrl"]);
    let link = link.strip_prefix(&server.base).unwrap().to_owned();
    server.kill();
    let segment = largest_file(&temp.path().join("store/segments"));
    let mut bytes = std::fs::read(&segment).unwrap();
    // The 20th block of noise: header, then 19 blocks stored as they are.
    let at = 128 + 19 * 65536 + 77;
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let server = Server::start(temp.path());
    assert!(server.download(&whole, "raw") == noise(6, 1 << 20));
    let body = json!({"exportImageFromBackupStorage": {"imageUuid": hurt, "exportFormat": "raw"}});
    let actions = format!("/zstack/v1/backup-storage/{}/actions", server.backup_storage());
    let name = segment.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned();
    server.finish(server.put(&actions, &body)).refused("SYS.1006", &[&name, "damaged"]);
    // A link that was made when all was well: the client gets what lies before the damage, or the reason, never a wrong byte.
    let content = |server: &Server, range: &str| {
        let response = server.request("GET", &link).header("Range", range).send().unwrap();
        (response.status().as_u16(), response.text())
    };
    let (status, reason) = content(&server, &format!("bytes={}-", at + 5 * 65536));
    assert_eq!(status, 503);
    assert!(reason.unwrap().contains(&name));
    let (status, cut) = content(&server, "bytes=0-");
    assert_eq!(status, 206);
    assert!(cut.is_err(), "a download of a damaged image ended well");
}

#[test]
fn a_qcow2_that_was_cut_off_is_the_volumes_fault_and_named() {
    let (temp, path) = data_with("raw.img", &noise(8, 3 << 20));
    let qcow2 = path.with_file_name("disk.qcow2");
    run("qemu-img", &["convert", "-f", "raw", "-O", "qcow2", path.to_str().unwrap(), qcow2.to_str().unwrap()]);
    std::fs::OpenOptions::new().write(true).open(&qcow2).unwrap().set_len(1 << 20).unwrap();
    let server = Server::start(temp.path());
    let volume = server.volume("disk.qcow2", "qcow2");
    let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
    let reply = server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body));
    reply.refused("SYS.1006", &["disk.qcow2", "outside the file"]);
    assert!(server.query("/zstack/v1/volume-backups").is_empty());
}

fn largest_file(folder: &std::path::Path) -> std::path::PathBuf {
    let shards = std::fs::read_dir(folder).unwrap().map(|shard| shard.unwrap().path());
    let files = shards.flat_map(|shard| std::fs::read_dir(shard).unwrap().map(|file| file.unwrap().path()));
    files.max_by_key(|file| file.metadata().unwrap().len()).unwrap()
}
