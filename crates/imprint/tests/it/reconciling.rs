//! Metadata that were lost, or restored from a copy, and the stores that know more.

use crate::server::{Reply, Server, data_with, noise, run, sample_disk, text};
use crate::waiting::until;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub(crate) fn sync_backups(server: &Server, storage: &str) -> Value {
    try_sync_backups(server, storage).ok()["result"].clone()
}

fn try_sync_backups(server: &Server, storage: &str) -> Reply {
    let path = format!("/zstack/v1/volume-backups/imageStore/{storage}/actions");
    server.finish(server.put(&path, &json!({"syncVolumeBackup": {}})))
}

pub(crate) fn database_files(data: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("imprint.db")).collect()
}

pub(crate) fn counts(result: &Value) -> (i64, i64) {
    (result["newBackupCount"].as_i64().unwrap(), result["deletedBackupCount"].as_i64().unwrap())
}

/// Backup and image by their ids, and what the image holds.
struct Made {
    backup: Value,
    image: Value,
    content: Vec<u8>,
}

fn make(server: &Server, volume: &str, path: &Path) -> Made {
    let backup = server.backup(volume);
    let image = server.template(&text(&backup["uuid"]), "kept").inventory();
    Made { backup, image, content: std::fs::read(path).unwrap() }
}

fn without_references(mut inventory: Value) -> Value {
    for key in ["backupStorageRefs", "md5Sum", "lastOpDate"] {
        inventory.as_object_mut().unwrap().remove(key);
    }
    inventory
}

fn check(server: &Server, made: &Made) {
    let uuid = text(&made.image["uuid"]);
    assert!(server.download(&uuid, "raw") == made.content);
    let found = |path: &str, uuid: &Value| {
        let rows = server.query(&format!("{path}?q=uuid={}", text(uuid)));
        assert_eq!(rows.len(), 1, "{path}");
        rows[0].clone()
    };
    let image = found("/zstack/v1/images", &made.image["uuid"]);
    assert_eq!(image["backupStorageRefs"][0]["status"], "Ready");
    assert_eq!(image["backupStorageRefs"][0]["installPath"], made.image["backupStorageRefs"][0]["installPath"]);
    assert_eq!(without_references(image), without_references(made.image.clone()));
    let backup = found("/zstack/v1/volume-backups", &made.backup["uuid"]);
    assert_eq!(without_references(backup), without_references(made.backup.clone()));
    let again = server.template(&text(&made.backup["uuid"]), "again").inventory();
    assert!(server.download(&text(&again["uuid"]), "raw") == made.content);
}

#[test]
fn an_empty_database_learns_from_the_store_all_that_was_acknowledged() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let first = make(&server, &volume, &path);
    std::fs::write(&path, noise(4, 3 << 20)).unwrap();
    let second = make(&server, &volume, &path);
    let deleted = server.backup(&volume);
    server.delete(&format!("/zstack/v1/volume-backups/{}", text(&deleted["uuid"]))).ok();
    let rename = json!({"updateImage": {"name": "renamed", "description": "é"}});
    let actions = format!("/zstack/v1/images/{}/actions", text(&first.image["uuid"]));
    let first = Made { image: server.finish(server.put(&actions, &rename)).inventory(), ..first };
    let storage = server.backup_storage();
    // Images are published within a second; a stop waits for it no longer than a kill does.
    wait_for_catalog(&server, &storage, &first.image);
    server.kill();
    for file in database_files(temp.path()) {
        std::fs::remove_file(file).unwrap();
    }
    let server = Server::start(temp.path());
    assert_eq!(server.backup_storage(), storage);
    assert!(server.query("/zstack/v1/volume-backups").is_empty());
    let volume = server.volume("disk.raw", "raw");
    let body = json!({"params": {"name": "b", "backupStorageUuid": storage}});
    let backups = format!("/zstack/v1/volumes/{volume}/volume-backups");
    server.finish(server.post(&backups, &body)).refused("SYS.1006", &["read-only", "catalog"]);
    assert_eq!(counts(&sync_backups(&server, &storage)), (2, 0));
    check(&server, &first);
    check(&server, &second);
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 2);
    // It may be written to again, by later servers too, and nothing is left to do.
    server.finish(server.post(&backups, &body)).ok();
    assert_eq!(counts(&sync_backups(&server, &storage)), (0, 0));
    server.kill();
    let server = Server::start(temp.path());
    server.finish(server.post(&backups, &body)).ok();
    check(&server, &first);
}

pub(crate) fn wait_for_catalog(server: &Server, storage: &str, image: &Value) {
    let path = format!("/zstack/v1/backup-storage/{storage}/image-store");
    until("the record", || {
        let reply = server.put(&path, &json!({"getImagesFromImageStoreBackupStorage": {}})).ok();
        let infos = reply["infos"].as_array().unwrap().clone();
        infos.iter().any(|info| info["id"] == image["uuid"] && info["name"] == image["name"])
    });
}

#[test]
fn yesterdays_database_learns_what_came_and_what_went_since() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let copy = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let old = make(&server, &volume, &path);
    let gone = server.backup(&volume);
    let gone_image = server.template(&text(&gone["uuid"]), "gone").inventory();
    let storage = server.backup_storage();
    server.terminate();
    for file in database_files(temp.path()) {
        std::fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
    }
    let server = Server::start(temp.path());
    std::fs::write(&path, noise(6, 2 << 20)).unwrap();
    let new = make(&server, &volume, &path);
    server.delete(&format!("/zstack/v1/volume-backups/{}", text(&gone["uuid"]))).ok();
    let uuid = text(&gone_image["uuid"]);
    server.delete(&format!("/zstack/v1/images/{uuid}")).ok();
    server.finish(server.put(&format!("/zstack/v1/images/{uuid}/actions"), &json!({"expungeImage": {}}))).ok();
    wait_for_catalog(&server, &storage, &new.image);
    server.kill();
    for file in database_files(temp.path()) {
        std::fs::remove_file(file).unwrap();
    }
    for file in database_files(copy.path()) {
        std::fs::copy(&file, temp.path().join(file.file_name().unwrap())).unwrap();
    }
    let server = Server::start(temp.path());
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 2);
    // Yesterday's database must not delete today's backups, nor anything else.
    let refused = server.delete(&format!("/zstack/v1/volume-backups/{}", text(&old.backup["uuid"])));
    refused.refused("SYS.1006", &["read-only", "catalog"]);
    let of_old = format!("/zstack/v1/volume-backups?q=uuid={}", text(&old.backup["uuid"]));
    assert_eq!(server.query(&of_old)[0]["status"], "Ready", "nothing of it was begun");
    let image = text(&old.image["uuid"]);
    server.delete(&format!("/zstack/v1/images/{image}")).ok();
    let expunge =
        server.finish(server.put(&format!("/zstack/v1/images/{image}/actions"), &json!({"expungeImage": {}})));
    expunge.refused("SYS.1006", &["read-only", "catalog"]);
    assert_eq!(server.query(&format!("/zstack/v1/images/{image}"))[0]["backupStorageRefs"][0]["status"], "Deleted");
    let images = format!("/zstack/v1/backup-storage/image-store/{storage}/actions");
    server.finish(server.put(&images, &json!({"syncImage": {}}))).ok();
    check(&server, &new);
    assert_eq!(server.query(&of_old).len(), 1, "what was refused is not done later");
    assert!(server.query(&format!("/zstack/v1/images?q=uuid={uuid}")).is_empty());
    assert!(server.query(&format!("/zstack/v1/volume-backups?q=uuid={}", text(&gone["uuid"]))).is_empty());
    assert_eq!(counts(&sync_backups(&server, &storage)), (0, 0));
    server.backup(&volume);
}

#[test]
fn what_is_not_whole_is_not_adopted_and_what_the_catalog_lacks_is_published_again() {
    let (temp, path) = data_with("disk.raw", &noise(5, 1 << 20));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let whole = server.backup(&volume);
    let segments = || {
        let shards = std::fs::read_dir(temp.path().join("store/segments")).unwrap();
        let files = shards.flat_map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap());
        files.map(|file| file.unwrap().path()).collect::<std::collections::BTreeSet<_>>()
    };
    let before = segments();
    std::fs::write(&path, noise(6, 1 << 20)).unwrap();
    let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage(), "mode": "full"}});
    let half = server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body)).inventory();
    let storage = server.backup_storage();
    server.kill();
    for file in database_files(temp.path()) {
        std::fs::remove_file(file).unwrap();
    }
    for lost in segments().difference(&before) {
        std::fs::remove_file(lost).unwrap();
    }
    let server = Server::start(temp.path());
    let not_all = "1 backups and 0 images became known. But 0 objects of its catalog are damaged, and 1 of its records";
    try_sync_backups(&server, &storage).refused("SYS.1006", &[&storage, not_all]);
    assert!(server.query(&format!("/zstack/v1/volume-backups?q=uuid={}", text(&half["uuid"]))).is_empty());
    let image = text(&server.template(&text(&whole["uuid"]), "t").inventory()["uuid"]);
    assert!(server.download(&image, "raw") == noise(5, 1 << 20));
    server.terminate();
    // The catalog is lost, and with it what it said: the rows stay and are written into it again.
    let catalog = temp.path().join("store/catalog");
    for object in std::fs::read_dir(&catalog).unwrap() {
        std::fs::remove_file(object.unwrap().path()).unwrap();
    }
    let server = Server::start(temp.path());
    assert_eq!(counts(&sync_backups(&server, &storage)), (0, 0));
    assert!(server.download(&image, "raw") == noise(5, 1 << 20));
    server.kill();
    for file in database_files(temp.path()) {
        std::fs::remove_file(file).unwrap();
    }
    let server = Server::start(temp.path());
    let vm = format!("/zstack/v1/vm-backups/imageStore/{storage}/actions");
    let grouped = server.finish(server.put(&vm, &json!({"syncVmBackup": {}}))).ok()["result"].clone();
    assert_eq!(counts(&grouped), (0, 0), "none was taken as a group");
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 1);
    assert!(server.download(&image, "raw") == noise(5, 1 << 20));
}

#[test]
fn whoever_reconciles_with_a_damaged_catalog_hears_of_it() {
    let (temp, _disk) = data_with("disk.raw", &noise(5, 1 << 20));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let storage = server.backup_storage();
    let backups = [(); 2].map(|()| text(&server.backup(&volume)["uuid"]));
    server.kill();
    for file in database_files(temp.path()) {
        std::fs::remove_file(file).unwrap();
    }
    // The record of the first backup; that of the second one names it as its parent.
    let objects = std::fs::read_dir(temp.path().join("store/catalog")).unwrap().map(|entry| entry.unwrap().path());
    let mut of_first = objects.filter(|path| {
        let bytes = std::fs::read(path).unwrap();
        let names = |backup: &str| bytes.windows(32).any(|window| window == backup.as_bytes());
        names(&backups[0]) && !names(&backups[1])
    });
    let damaged = of_first.next().unwrap();
    let mut bytes = std::fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    let server = Server::start(temp.path());
    let parts = [storage.as_str(), "1 backups and 0 images became known", "1 objects of its catalog are damaged"];
    try_sync_backups(&server, &storage).refused("SYS.1006", &parts);
    // All else can be used.
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 1);
    let image = text(&server.template(&backups[1], "t").inventory()["uuid"]);
    assert!(server.download(&image, "raw") == noise(5, 1 << 20));
}

#[test]
fn a_lost_file_of_the_data_directory_neither_locks_a_store_nor_mixes_up_two() {
    let (temp, _disk) = data_with("disk.raw", &noise(5, 1 << 20));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let backup = text(&server.backup(&volume)["uuid"]);
    server.terminate();
    // The database knows what stood in the one, and the storages lie where they should without the other.
    for file in ["installation", "location"] {
        std::fs::remove_file(temp.path().join(file)).unwrap();
    }
    let server = Server::start(temp.path());
    server.template(&backup, "t").inventory();
    server.terminate();
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("copy");
    run("cp", &["-a", temp.path().to_str().unwrap(), copy.to_str().unwrap()]);
    std::fs::remove_file(copy.join("location")).unwrap();
    assert!(Server::try_start(Server::command(&copy, &[])).is_err(), "a copy was started on the original's storages");
    std::fs::write(copy.join("location"), format!("{}\n", temp.path().display())).unwrap();
    let server = Server::start(&copy);
    let storages = server.query("/zstack/v1/backup-storage");
    assert_eq!(storages[0]["url"].as_str(), copy.join("store").to_str());
}

#[test]
fn what_takes_the_id_of_something_deleted_is_not_taken_for_it() {
    const BACKUP: &str = "0f4be1a7c05b4e3b9f6d0a1c2b3d4e5f";
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let storage = server.backup_storage();
    let take = |server: &Server| {
        let body = json!({"params": {"name": "b", "backupStorageUuid": storage, "resourceUuid": BACKUP}});
        server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body)).inventory()
    };
    let delete = |server: &Server| server.delete(&format!("/zstack/v1/volume-backups/{BACKUP}")).ok();
    take(&server);
    delete(&server);
    std::fs::write(&path, noise(8, 1 << 20)).unwrap();
    take(&server);
    assert_eq!(counts(&sync_backups(&server, &storage)), (0, 0));
    let check = |server: &Server| {
        assert_eq!(server.query(&format!("/zstack/v1/volume-backups/{BACKUP}")).len(), 1);
        let image = text(&server.template(BACKUP, "t").inventory()["uuid"]);
        assert!(server.download(&image, "raw") == noise(8, 1 << 20));
    };
    check(&server);
    server.kill();
    for file in database_files(temp.path()) {
        std::fs::remove_file(file).unwrap();
    }
    let server = Server::start(temp.path());
    assert_eq!(counts(&sync_backups(&server, &storage)), (1, 0));
    check(&server);
    delete(&server);
    assert_eq!(counts(&sync_backups(&server, &storage)), (0, 0));
    assert!(server.query(&format!("/zstack/v1/volume-backups/{BACKUP}")).is_empty());
}
