//! Backups and images between two backup storages.

use crate::server::{Reply, Server, data_with, noise, sample_disk, text};
use crate::waiting::until;
use serde_json::{Value, json};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

pub(crate) fn second_storage(server: &Server, data: &Path) -> String {
    let url = data.canonicalize().unwrap().join("second");
    let body =
        json!({"params": {"name": "second", "url": url, "hostname": "localhost", "username": "u", "password": "p"}});
    text(&server.finish(server.post("/zstack/v1/backup-storage/image-store", &body)).inventory()["uuid"])
}

fn copy_backup(server: &Server, action: &str, backup: &str, from: &str, to: &str) -> Reply {
    let body = json!({ action: {"srcBackupStorageUuid": from, "dstBackupStorageUuid": to}});
    server.finish(server.put(&format!("/zstack/v1/volume-backups/{backup}/actions"), &body))
}

pub(crate) fn stored_bytes(store: &Path) -> u64 {
    let shards = std::fs::read_dir(store.join("segments")).unwrap().map(|shard| shard.unwrap().path());
    let files = shards.flat_map(|shard| std::fs::read_dir(shard).unwrap().map(|file| file.unwrap()));
    files.map(|file| file.metadata().unwrap().len()).sum()
}

/// The content of an image as that storage has it.
pub(crate) fn download(server: &Server, storage: &str, image: &str) -> Vec<u8> {
    let body = json!({"exportImageFromBackupStorage": {"imageUuid": image, "exportFormat": "raw"}});
    let exported = server.finish(server.put(&format!("/zstack/v1/backup-storage/{storage}/actions"), &body)).ok();
    let link = text(&exported["imageUrl"]);
    let answer = server.request("GET", link.strip_prefix(&server.base).unwrap()).send().unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().unwrap().to_vec()
}

pub(crate) fn template(server: &Server, backup: &str, storage: &str) -> String {
    let body = json!({"params": {"name": "t", "backupStorageUuid": storage}});
    text(&server.finish(server.post(&crate::server::template_path(backup), &body)).inventory()["uuid"])
}

fn change(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn a_backup_is_copied_whole_once_and_then_only_what_has_changed() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let (first_storage, second) = (server.backup_storage(), second_storage(&server, temp.path()));
    let volume = server.volume("disk.raw", "raw");
    let first = text(&server.backup(&volume)["uuid"]);
    let sync = "syncBackupFromImageStoreBackupStorage";
    let copied = copy_backup(&server, sync, &first, &first_storage, &second).inventory();
    let refs = copied["backupStorageRefs"].as_array().unwrap();
    assert_eq!(refs.len(), 2);
    assert!(refs.iter().all(|reference| reference["status"] == "Ready"), "{refs:?}");
    let once = stored_bytes(&temp.path().join("second"));
    change(&path, 65536, &noise(9, 65536));
    let later = std::fs::read(&path).unwrap();
    let next = text(&server.backup(&volume)["uuid"]);
    copy_backup(&server, sync, &next, &first_storage, &second).ok();
    let added = stored_bytes(&temp.path().join("second")) - once;
    assert!((65536..75_000).contains(&added), "{added}");
    // What is there is answered as it is.
    copy_backup(&server, sync, &next, &first_storage, &second).ok();
    assert_eq!(stored_bytes(&temp.path().join("second")) - once, added);
    // The first storage loses both; the second has all of them.
    for backup in [&first, &next] {
        server.delete(&format!("/zstack/v1/volume-backups/{backup}?backupStorageUuids={first_storage}")).ok();
    }
    server.kill();
    let server = Server::start(temp.path());
    let (old, new) = (template(&server, &first, &second), template(&server, &next, &second));
    assert!(download(&server, &second, &old) == sample_disk(1));
    assert!(download(&server, &second, &new) == later);
    // And back again.
    let recover = "recoverBackupFromImageStoreBackupStorage";
    copy_backup(&server, recover, &next, &second, &first_storage).ok();
    let image = template(&server, &next, &first_storage);
    assert!(download(&server, &first_storage, &image) == later);
}

#[test]
fn copies_that_cannot_be_are_refused_and_leave_nothing() {
    let (temp, _) = data_with("disk.raw", &noise(5, 4 << 20));
    let server = Server::start(temp.path());
    let (first, second) = (server.backup_storage(), second_storage(&server, temp.path()));
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let sync = "syncBackupFromImageStoreBackupStorage";
    copy_backup(&server, sync, &backup, &first, &first).refused("SYS.1007", &["dstBackupStorageUuid"]);
    copy_backup(&server, sync, &backup, &second, &first).refused("SYS.1006", &["srcBackupStorageUuid", &backup]);
    // Damage of the original is found on the way, and not copied.
    let segments = temp.path().join("store/segments");
    let shards = std::fs::read_dir(segments).unwrap().map(|shard| shard.unwrap().path());
    let files = shards.flat_map(|shard| std::fs::read_dir(shard).unwrap().map(|file| file.unwrap().path()));
    let largest = files.max_by_key(|file| file.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&largest).unwrap();
    bytes[128 + 19 * 65536 + 77] ^= 1;
    std::fs::write(&largest, bytes).unwrap();
    copy_backup(&server, sync, &backup, &first, &second).refused("SYS.1006", &[&first, "damaged"]);
    let row = server.query(&format!("/zstack/v1/volume-backups?q=uuid={backup}"))[0].clone();
    assert_eq!((&row["status"], row["backupStorageRefs"].as_array().unwrap().len()), (&json!("Ready"), 1));
}

#[test]
fn an_image_moves_to_another_storage_and_takes_its_digest_along() {
    let (temp, _) = data_with("disk.raw", &sample_disk(2));
    let server = Server::start(temp.path());
    let (first, second) = (server.backup_storage(), second_storage(&server, temp.path()));
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let image = template(&server, &backup, &first);
    let hash = json!({"calculateImageHash": {"backupStorageUuid": first}});
    let actions = format!("/zstack/v1/images/{image}/actions");
    let hashed = server.finish(server.put(&actions, &hash)).inventory();
    let md5 = text(&hashed["md5Sum"]);
    assert_eq!(md5.len(), 32);
    let sums = json!({"calculateImageHash": {"backupStorageUuid": first, "algorithm": "CRC32"}});
    server.finish(server.put(&actions, &sums)).refused("SYS.1007", &["algorithm", "CRC32"]);
    let body = json!({"backupStorageMigrateImage": {"srcBackupStorageUuid": first, "dstBackupStorageUuid": second}});
    let path = format!("/zstack/v1/backup-storage/images/{image}/actions");
    let moved = server.finish(server.put(&path, &body)).inventory();
    let refs = moved["backupStorageRefs"].as_array().unwrap();
    assert_eq!((refs.len(), &refs[0]["backupStorageUuid"]), (1, &json!(second)));
    assert_eq!((&moved["status"], &moved["md5Sum"]), (&json!("Ready"), &json!(md5)));
    assert!(text(&refs[0]["installPath"]).starts_with("zstore://second/"));
    assert!(download(&server, &second, &image) == sample_disk(2));
    // Doing it again finds it gone from there.
    server.finish(server.put(&path, &body)).refused("SYS.1006", &[&image]);
    let export = json!({"exportImageFromBackupStorage": {"imageUuid": image}});
    server
        .finish(server.put(&format!("/zstack/v1/backup-storage/{first}/actions"), &export))
        .refused("SYS.1006", &[&image, &first]);
    let size = server.finish(server.put(&actions, &json!({"syncImageSize": {}}))).inventory();
    assert_eq!(size["size"], json!(sample_disk(2).len()));
}

#[test]
fn a_new_image_is_made_on_another_storage_of_one_that_is_known_or_that_only_a_catalog_has() {
    let (temp, path) = data_with("disk.raw", &sample_disk(3));
    let server = Server::start(temp.path());
    let (first, second) = (server.backup_storage(), second_storage(&server, temp.path()));
    let volume = server.volume("disk.raw", "raw");
    let backup = text(&server.backup(&volume)["uuid"]);
    let image = template(&server, &backup, &first);
    let call = |path: &str, action: &str| {
        let params = json!({"srcBackupStorageUuid": first, "dstBackupStorageUuid": second, "name": "copy"});
        server.finish(server.put(path, &json!({ action: params })))
    };
    let actions = format!("/zstack/v1/images/{image}/actions");
    let made = call(&actions, "syncImageFromImageStoreBackupStorage").inventory();
    assert_ne!(made["uuid"], json!(image));
    assert_eq!((&made["name"], &made["url"]), (&json!("copy"), &json!(format!("zstore://default/{image}"))));
    let copy = text(&made["uuid"]);
    std::fs::write(&path, b"another").unwrap();
    assert!(download(&server, &second, &copy) == sample_disk(3));
    let stored = stored_bytes(&temp.path().join("second"));
    let actions = format!("/zstack/v1/backup-storage/{image}/actions");
    let again = call(&actions, "recoveryImageFromImageStoreBackupStorage").inventory();
    assert!(stored_bytes(&temp.path().join("second")) - stored < 1 << 21, "no more than one copy of it is stored");
    assert!(download(&server, &second, &text(&again["uuid"])) == sample_disk(3));
    let list = |storage: &str| {
        let body = json!({"getImagesFromImageStoreBackupStorage": {}});
        let reply = server.put(&format!("/zstack/v1/backup-storage/{storage}/image-store"), &body).ok();
        reply["infos"].as_array().unwrap().clone()
    };
    let infos: Vec<Value> = list(&second);
    assert_eq!(infos.len(), 2);
    assert!(infos.iter().all(|info| info["name"] == "copy" && info["virtualsize"] == json!(sample_disk(3).len())));
    // Records of templates are published within a second.
    until("the record", || list(&first).iter().any(|info| info["id"] == json!(image)));
}
