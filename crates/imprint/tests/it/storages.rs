//! Backup storages and primary storages, and the directories behind them.

use crate::server::{Server, run, text};
use serde_json::{Value, json};
use std::path::Path;

fn add_store(server: &Server, url: &Path) -> crate::server::Reply {
    let body =
        json!({"params": {"name": "second", "url": url, "hostname": "localhost", "username": "u", "password": "p"}});
    server.finish(server.post("/zstack/v1/backup-storage/image-store", &body))
}

#[test]
fn the_first_start_makes_zone_and_storages_named_default() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let base = temp.path().canonicalize().unwrap();
    let one = |path: &str| {
        let rows = server.query(path);
        assert_eq!(rows.len(), 1, "{path}");
        assert_eq!(rows[0]["name"], "default");
        rows[0].clone()
    };
    let zone = one("/zstack/v1/zones");
    let store = one("/zstack/v1/backup-storage");
    assert_eq!(store["url"], json!(base.join("store")));
    assert_eq!(store["type"], "ImageStoreBackupStorage");
    assert_eq!((&store["state"], &store["status"]), (&json!("Enabled"), &json!("Connected")));
    assert_eq!(store["attachedZoneUuids"], json!([zone["uuid"]]));
    assert!(store.get("hostname").is_none());
    assert!(one("/zstack/v1/backup-storage/image-store").get("sshPort").is_some());
    assert!(one("/zstack/v1/backup-storage?q=type=ImageStoreBackupStorage").get("hostname").is_some());
    let primary = one("/zstack/v1/primary-storage");
    assert_eq!(primary["url"], json!(base.join("volumes")));
    assert_eq!(primary["zoneUuid"], zone["uuid"]);
    assert!(primary["totalCapacity"].as_u64().unwrap() >= primary["availableCapacity"].as_u64().unwrap());
}

#[test]
fn a_second_storage_is_made_and_its_capacity_is_the_file_systems() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let added = add_store(&server, &temp.path().canonicalize().unwrap().join("second")).inventory();
    assert_eq!(added["hostname"], "localhost");
    assert!(added.get("password").is_none());
    let uuid = text(&added["uuid"]);
    let capacity = server.get(&format!("/zstack/v1/backup-storage/capacities?backupStorageUuids={uuid}")).ok();
    assert_eq!(capacity["success"], true);
    assert_eq!(capacity["totalCapacity"], added["totalCapacity"]);
    assert!(server.get("/zstack/v1/backup-storage/capacities?all=true").ok()["totalCapacity"].as_u64().unwrap() > 0);
    let unknown = "/zstack/v1/backup-storage/capacities?backupStorageUuids=6f1c2a9be5d84c0f9a3e7b20d4c8f115";
    server.get(unknown).refused("SYS.1003", &["backupStorageUuids", "6f1c2a9be5d84c0f9a3e7b20d4c8f115"]);
}

#[test]
fn directories_outside_and_directories_of_others_are_refused() {
    let (temp, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(temp.path());
    let base = temp.path().canonicalize().unwrap();
    add_store(&server, outside.path()).refused("SYS.1007", &["field[url]", "--allow-dir"]);
    add_store(&server, Path::new("relative")).refused("SYS.1007", &["field[url]", "relative"]);
    add_store(&server, &base.join("a/../../x")).refused("SYS.1007", &["field[url]"]);
    add_store(&server, &base.join("store")).refused("SYS.1006", &["store"]);
    std::fs::create_dir(base.join("foreign")).unwrap();
    std::fs::write(base.join("foreign/letter.txt"), "dear").unwrap();
    add_store(&server, &base.join("foreign")).refused("SYS.1006", &["foreign", "not an image store"]);
    assert_eq!(std::fs::read_dir(base.join("foreign")).unwrap().count(), 1);
    assert_eq!(server.query("/zstack/v1/backup-storage").len(), 1);
}

#[test]
fn allowed_directories_may_be_named() {
    let (temp, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start_with(temp.path(), &["--allow-dir", other.path().to_str().unwrap()]);
    let url = other.path().canonicalize().unwrap().join("store");
    assert_eq!(add_store(&server, &url).inventory()["url"], json!(url));
    let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
    let volumes = other.path().canonicalize().unwrap().join("volumes");
    let params = |zone: &str, url: &Path| json!({"params": {"name": "p", "url": url, "zoneUuid": zone}});
    let path = "/zstack/v1/primary-storage/local-storage";
    let added = server.post(path, &params(&zone, &volumes)).inventory();
    assert_eq!(added["mountPath"], json!(volumes));
    server.post(path, &params("6f1c2a9be5d84c0f9a3e7b20d4c8f115", &volumes)).refused("SYS.1003", &["zoneUuid"]);
    server.post(path, &params(&zone, Path::new("/etc"))).refused("SYS.1007", &["field[url]", "/etc"]);
}

#[test]
fn a_store_of_another_installation_is_opened_read_only() {
    let (temp, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(Server::start(other.path()));
    std::fs::write(temp.path().join("disk.raw"), "").unwrap();
    let theirs = other.path().canonicalize().unwrap();
    let server = Server::start_with(temp.path(), &["--allow-dir", theirs.to_str().unwrap()]);
    let storage = add_store(&server, &theirs.join("store")).inventory();
    std::fs::write(temp.path().join("volumes/disk.raw"), "content").unwrap();
    let volume = server.volume("disk.raw", "raw");
    let body = json!({"params": {"name": "b", "backupStorageUuid": storage["uuid"]}});
    let reply = server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body));
    reply.refused("SYS.1006", &["read-only", "belongs to the installation"]);
}

#[test]
fn a_damaged_or_newer_store_leaves_the_server_running_and_says_so() {
    let temp = tempfile::tempdir().unwrap();
    drop(Server::start(temp.path()));
    let path = temp.path().join("store/store.json");
    let whole = std::fs::read(&path).unwrap();
    let mut newer: Value = serde_json::from_slice(whole.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    newer["format"] = json!(2);
    let line = newer.to_string();
    std::fs::write(&path, format!("{line}\n{}\n", blake3::hash(line.as_bytes()).to_hex())).unwrap();
    let server = Server::start(temp.path());
    assert_eq!(server.query("/zstack/v1/backup-storage")[0]["status"], "Disconnected");
    std::fs::write(temp.path().join("volumes/disk.raw"), "content").unwrap();
    let volume = server.volume("disk.raw", "raw");
    let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
    let reply = server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body));
    reply.refused("SYS.1006", &["Disconnected"]);
    server.kill();
    std::fs::write(&path, &whole).unwrap();
    let server = Server::start(temp.path());
    server.backup(&volume);
}

#[test]
fn a_store_with_a_higher_epoch_than_the_database_knows_is_read_only() {
    let temp = tempfile::tempdir().unwrap();
    drop(Server::start(temp.path()));
    std::fs::create_dir_all(temp.path().join("store/epochs")).unwrap();
    std::fs::write(temp.path().join("store/epochs/7"), "").unwrap();
    let server = Server::start(temp.path());
    std::fs::write(temp.path().join("volumes/disk.raw"), "content").unwrap();
    let volume = server.volume("disk.raw", "raw");
    let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
    let reply = server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body));
    reply.refused("SYS.1006", &["read-only", "collection 7"]);
}

#[test]
fn a_directory_of_another_storage_or_of_the_server_is_refused_and_none_is_left_behind() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let base = temp.path().canonicalize().unwrap();
    let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
    let path = "/zstack/v1/primary-storage/local-storage";
    let add = |url: &Path| server.post(path, &json!({"params": {"name": "p", "url": url, "zoneUuid": zone}}));
    add(&base).refused("SYS.1007", &["field[url]", "server's own files"]);
    add(&base.join("store/segments/mine")).refused("SYS.1006", &["overlaps"]);
    add(&base.join("volumes/mine")).refused("SYS.1006", &["overlaps"]);
    add_store(&server, &base.join("store/segments/mine")).refused("SYS.1006", &["overlaps"]);
    assert!(!base.join("store/segments/mine").exists());
    assert!(!base.join("volumes/mine").exists());
    assert_eq!(add(&base.join("mine")).inventory()["status"], "Connected");
}

/// A data directory with one backup in it, whose server has ended; and the volume.
fn with_one_backup(data: &Path, arguments: &[&str]) -> (String, String) {
    let server = Server::start_with(data, arguments);
    std::fs::write(data.join("volumes/disk.raw"), "content").unwrap();
    let volume = server.volume("disk.raw", "raw");
    let backup = text(&server.backup(&volume)["uuid"]);
    server.terminate();
    (volume, backup)
}

fn copy(from: &Path, to: &Path) {
    run("cp", &["-r", from.to_str().unwrap(), to.to_str().unwrap()]);
}

#[test]
fn a_data_directory_can_be_moved_and_copied_and_each_uses_its_own_storages() {
    let temp = tempfile::tempdir().unwrap();
    let base = temp.path().canonicalize().unwrap();
    let (first, moved, twin) = (base.join("first"), base.join("moved"), base.join("twin"));
    let (volume, backup) = with_one_backup(&first, &[]);
    std::fs::rename(&first, &moved).unwrap();
    copy(&moved, &twin);
    let (server, twin_server) = (Server::start(&moved), Server::start(&twin));
    let objects = || {
        let listed = std::process::Command::new("find").arg(&moved).args(["-type", "f", "-path", "*/store/*"]).output();
        String::from_utf8(listed.unwrap().stdout).unwrap().lines().count()
    };
    let before = objects();
    for (server, data) in [(&server, &moved), (&twin_server, &twin)] {
        let store = &server.query("/zstack/v1/backup-storage")[0];
        assert_eq!((&store["url"], &store["status"]), (&json!(data.join("store")), &json!("Connected")));
        let primary = &server.query("/zstack/v1/primary-storage")[0];
        assert_eq!(
            (&primary["url"], &primary["mountPath"]),
            (&json!(data.join("volumes")), &json!(data.join("volumes")))
        );
    }
    std::fs::write(twin.join("volumes/disk.raw"), "another content").unwrap();
    twin_server.backup(&volume);
    let image = text(&twin_server.template(&backup, "t").inventory()["uuid"]);
    assert_eq!(twin_server.download(&image, "raw"), b"content");
    assert_eq!(objects(), before, "the copy wrote into the original's store");
    server.backup(&volume);
    let image = text(&server.template(&backup, "t").inventory()["uuid"]);
    assert_eq!(server.download(&image, "raw"), b"content");
    assert!(!first.exists());
}

#[test]
fn a_copy_of_a_data_directory_does_not_write_into_a_store_outside_of_it() {
    let (temp, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (base, outside) = (temp.path().canonicalize().unwrap(), outside.path().canonicalize().unwrap());
    let (original, twin) = (base.join("original"), base.join("twin"));
    let allowed = ["--allow-dir", outside.to_str().unwrap()];
    let (volume, _) = with_one_backup(&original, &allowed);
    let server = Server::start_with(&original, &allowed);
    let storage = add_store(&server, &outside.join("store")).inventory();
    let body = json!({"params": {"name": "b", "backupStorageUuid": storage["uuid"]}});
    let path = format!("/zstack/v1/volumes/{volume}/volume-backups");
    let backup = text(&server.finish(server.post(&path, &body)).inventory()["uuid"]);
    server.terminate();
    copy(&original, &twin);
    let server = Server::start_with(&original, &allowed);
    let twin_server = Server::start_with(&twin, &allowed);
    let template = crate::server::template_path(&backup);
    for refused in
        [twin_server.finish(twin_server.post(&path, &body)), twin_server.finish(twin_server.post(&template, &body))]
    {
        refused.refused("SYS.1006", &["read-only", "another server writes to it"]);
    }
    server.finish(server.post(&template, &body)).ok();
    server.finish(server.post(&path, &body)).ok();
    server.terminate();
    twin_server.terminate();
    // Nobody writes now, but the original has: the copy is the older one for good.
    let twin_server = Server::start_with(&twin, &allowed);
    twin_server.finish(twin_server.post(&path, &body)).refused("SYS.1006", &["read-only", "catalog"]);
    drop(twin_server);
    let server = Server::start_with(&original, &allowed);
    server.finish(server.post(&path, &body)).ok();
}
