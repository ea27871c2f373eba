//! What administrators do with storages once there are some.

use crate::server::{Reply, Server, data_with, noise, sample_disk, template_path, text};
use serde_json::{Value, json};
use std::path::Path;

fn act(server: &Server, kind: &str, uuid: &str, action: &Value) -> Reply {
    server.finish(server.put(&format!("/zstack/v1/{kind}/{uuid}/actions"), action))
}

fn storage(server: &Server, uuid: &str) -> Value {
    server.query(&format!("/zstack/v1/backup-storage/{uuid}"))[0].clone()
}

fn add_store(server: &Server, url: &Path) -> Reply {
    let body = json!({"params": {"name": "s", "url": url, "hostname": "h", "username": "u", "password": "p"}});
    server.finish(server.post("/zstack/v1/backup-storage/image-store", &body))
}

fn backup_on(server: &Server, volume: &str, storage: &str) -> Reply {
    let body = json!({"params": {"name": "b", "backupStorageUuid": storage}});
    server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body))
}

#[test]
fn what_storages_say_of_themselves_is_changed_and_zones_come_and_go() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let uuid = server.backup_storage();
    let changed =
        act(&server, "backup-storage", &uuid, &json!({"updateBackupStorage": {"name": "n", "description": "d"}}));
    assert_eq!(changed.inventory()["name"], "n");
    let of_host = json!({"updateImageStoreBackupStorage": {"hostname": "h", "sshPort": 2222, "password": "p"}});
    let changed = act(&server, "backup-storage/image-store", &uuid, &of_host);
    assert_eq!((&changed.inventory()["name"], &changed.inventory()["description"]), (&json!("n"), &json!("d")));
    let row = server.query("/zstack/v1/backup-storage/image-store")[0].clone();
    assert_eq!((&row["hostname"], &row["sshPort"]), (&json!("h"), &json!(2222)));

    let zone = json!({"params": {"description": "z"}});
    let zone = text(&server.finish(server.post("/zstack/v1/zones", &zone)).inventory()["uuid"]);
    let path = format!("/zstack/v1/zones/{zone}/backup-storage/{uuid}");
    for _ in 0..2 {
        let attached = server.finish(server.post(&path, &json!({"params": {}}))).inventory();
        assert!(attached["attachedZoneUuids"].as_array().unwrap().contains(&json!(zone)), "{attached}");
    }
    server.finish(server.delete(&format!("/zstack/v1/zones/{zone}"))).refused("SYS.1004", &["in use by storages"]);
    let detached = server.finish(server.delete(&path)).inventory();
    assert!(!detached["attachedZoneUuids"].as_array().unwrap().contains(&json!(zone)), "{detached}");
    server.finish(server.delete(&format!("/zstack/v1/zones/{zone}"))).ok();

    let primary = server.query("/zstack/v1/primary-storage")[0].clone();
    let id = text(&primary["uuid"]);
    let same = json!({"updatePrimaryStorage": {"name": "p", "url": primary["url"]}});
    assert_eq!(act(&server, "primary-storage", &id, &same).inventory()["name"], "p");
    let other = json!({"updatePrimaryStorage": {"url": "/elsewhere"}});
    act(&server, "primary-storage", &id, &other).refused("SYS.1007", &["field[url]", "/elsewhere"]);
    let types = |kind: &str| {
        let request = server.request("GET", &format!("/zstack/v1/{kind}/types")).header("X-JSON-Schema", "true");
        Server::send(request.header("Authorization", format!("OAuth {}", server.session()))).ok()
    };
    let of_backups = types("backup-storage");
    assert_eq!(of_backups["types"], json!(["ImageStoreBackupStorage"]));
    assert_eq!(of_backups["schema"], json!({"types[0]": "java.lang.String"}));
    assert_eq!(types("primary-storage")["types"], json!(["LocalStorage"]));
    let capacity = server.get("/zstack/v1/primary-storage/capacities?all=true").ok();
    assert_eq!(capacity["totalPhysicalCapacity"], primary["totalPhysicalCapacity"]);
    assert_eq!(capacity["totalCapacity"], primary["totalCapacity"]);
}

#[test]
fn a_disabled_storage_takes_no_work_until_it_is_enabled() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let (uuid, volume) = (server.backup_storage(), server.volume("a.raw", "raw"));
    let backup = text(&server.backup(&volume)["uuid"]);
    let state = |kind: &str, uuid: &str, action: &str, event: &str| {
        act(&server, kind, uuid, &json!({action: {"stateEvent": event}})).inventory()["state"].clone()
    };
    assert_eq!(state("backup-storage", &uuid, "changeBackupStorageState", "disable"), "Disabled");
    backup_on(&server, &volume, &uuid).refused("SYS.1006", &[&uuid, "Disabled"]);
    let body = json!({"params": {"name": "t", "backupStorageUuid": uuid}});
    server.finish(server.post(&template_path(&backup), &body)).refused("SYS.1006", &["Disabled"]);
    let reclaim = json!({"reclaimSpaceFromImageStore": {}});
    act(&server, "backup-storage/image-store", &uuid, &reclaim).refused("SYS.1006", &["Disabled"]);
    assert_eq!(state("backup-storage", &uuid, "changeBackupStorageState", "enable"), "Enabled");
    backup_on(&server, &volume, &uuid).ok();
    let freed = act(&server, "backup-storage/image-store", &uuid, &reclaim).ok();
    assert_eq!(freed, json!({"gcResult": {"freedSpaceInBytes": 0}}));

    let primary = text(&server.query("/zstack/v1/primary-storage")[0]["uuid"]);
    let blank = json!({"params": {"name": "v", "diskSize": 1_048_576, "primaryStorageUuid": primary}});
    let change = |event: &str| state("primary-storage", &primary, "changePrimaryStorageState", event);
    for (event, now) in [("disable", "Disabled"), ("maintain", "Maintenance"), ("deleting", "Deleting")] {
        assert_eq!(change(event), now);
        server.finish(server.post("/zstack/v1/volumes/data", &blank)).refused("SYS.1006", &[now]);
    }
    assert_eq!(change("enable"), "Enabled");
    server.finish(server.post("/zstack/v1/volumes/data", &blank)).ok();
}

#[test]
fn a_storage_that_was_away_is_reconnected() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let (uuid, volume) = (server.backup_storage(), server.volume("a.raw", "raw"));
    let backup = text(&server.backup(&volume)["uuid"]);
    let reconnect = json!({"reconnectBackupStorage": {}});
    assert_eq!(act(&server, "backup-storage", &uuid, &reconnect).inventory()["status"], "Connected");
    backup_on(&server, &volume, &uuid).ok();
    let (store, away) = (temp.path().join("store"), temp.path().join("away"));
    std::fs::rename(&store, &away).unwrap();
    act(&server, "backup-storage", &uuid, &reconnect).refused("BS.1500", &[&uuid, "store"]);
    assert_eq!(storage(&server, &uuid)["status"], "Disconnected");
    backup_on(&server, &volume, &uuid).refused("SYS.1006", &["Disconnected"]);
    // An empty directory in its place is no store: most likely a file system is not mounted.
    std::fs::create_dir(&store).unwrap();
    act(&server, "backup-storage", &uuid, &reconnect).refused("BS.1500", &[&uuid]);
    assert_eq!(std::fs::read_dir(&store).unwrap().count(), 0);
    std::fs::remove_dir(&store).unwrap();
    std::fs::rename(&away, &store).unwrap();
    let of_store = json!({"reconnectImageStoreBackupStorage": {}});
    assert_eq!(act(&server, "backup-storage/image-store", &uuid, &of_store).inventory()["status"], "Connected");
    backup_on(&server, &volume, &uuid).ok();
    let image = text(&server.template(&backup, "t").inventory()["uuid"]);
    assert!(server.download(&image, "raw") == sample_disk(1));
}

#[test]
fn a_storage_goes_only_when_it_is_empty_and_leaves_its_directory() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let directory = temp.path().canonicalize().unwrap().join("second");
    let second = text(&add_store(&server, &directory).inventory()["uuid"]);
    let volume = server.volume("a.raw", "raw");
    let backup = text(&backup_on(&server, &volume, &second).inventory()["uuid"]);
    let path = format!("/zstack/v1/backup-storage/{second}");
    for mode in ["Permissive", "Enforcing"] {
        let refused = server.finish(server.delete(&format!("{path}?deleteMode={mode}")));
        refused.refused("SYS.1004", &[&second, "1 backups and 0 images"]);
    }
    server.finish(server.delete(&format!("/zstack/v1/volume-backups/{backup}"))).ok();
    server.finish(server.delete(&path)).ok();
    server.finish(server.delete(&path)).ok();
    assert!(server.query("/zstack/v1/backup-storage?q=name=s").is_empty());
    assert!(directory.join("store.json").exists());
    backup_on(&server, &volume, &second).refused("SYS.1003", &[&second]);
    // Its lock is free: the directory can be added again at once, and works.
    let again = text(&add_store(&server, &directory).inventory()["uuid"]);
    assert_eq!(storage(&server, &again)["status"], "Connected");

    let primary = temp.path().canonicalize().unwrap().join("more");
    let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
    let params = json!({"params": {"name": "p", "url": primary, "zoneUuid": zone}});
    let added = server.finish(server.post("/zstack/v1/primary-storage/local-storage", &params)).inventory();
    let added = text(&added["uuid"]);
    let blank = json!({"params": {"name": "v", "diskSize": 1_048_576, "primaryStorageUuid": added}});
    server.finish(server.post("/zstack/v1/volumes/data", &blank)).ok();
    let path = format!("/zstack/v1/primary-storage/{added}?deleteMode=Enforcing");
    server.finish(server.delete(&path)).refused("SYS.1004", &[&added, "volumes"]);
    let default = text(&server.query("/zstack/v1/volumes?q=name=v")[0]["uuid"]);
    server.finish(server.delete(&format!("/zstack/v1/volumes/{default}"))).ok();
    let expunge = json!({"expungeDataVolume": {}});
    server.finish(server.put(&format!("/zstack/v1/volumes/{default}/actions"), &expunge)).ok();
    server.finish(server.delete(&path)).ok();
    assert!(primary.exists());
}

#[test]
fn a_quota_caps_the_capacity_and_refuses_what_is_beyond_it() {
    const QUOTA: u64 = 8 << 20;
    let (temp, path) = data_with("a.raw", &noise(1, 4 << 20));
    std::fs::write(path.with_file_name("b.raw"), noise(2, 8 << 20)).unwrap();
    let server = Server::start(temp.path());
    let (small, large) = (server.volume("a.raw", "raw"), server.volume("b.raw", "raw"));
    let uuid = server.backup_storage();
    let quota = |bytes: i64| {
        let body = json!({"setImageStoreBackupStorageQuota": {"uuids": [uuid], "maxCapacity": bytes}});
        server.finish(server.put("/zstack/v1/backup-storage/image-store/actions", &body))
    };
    quota(-1).refused("SYS.1007", &["maxCapacity", "-1"]);
    let unbounded = storage(&server, &uuid)["totalCapacity"].as_u64().unwrap();
    quota(i64::try_from(QUOTA).unwrap()).ok();
    assert_eq!(storage(&server, &uuid)["totalCapacity"], QUOTA);
    backup_on(&server, &small, &uuid).ok();
    backup_on(&server, &large, &uuid).refused("SYS.1006", &[&uuid, "no space left"]);
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 1);
    let capacity = server.get(&format!("/zstack/v1/backup-storage/capacities?backupStorageUuids={uuid}")).ok();
    let available = capacity["availableCapacity"].as_u64().unwrap();
    assert!(capacity["totalCapacity"] == QUOTA && available < 4 << 20, "{capacity}");
    // It holds after a restart, too.
    server.kill();
    let server = Server::start(temp.path());
    backup_on(&server, &large, &uuid).refused("SYS.1006", &["no space left"]);
    let body = json!({"setImageStoreBackupStorageQuota": {"maxCapacity": 0}});
    server.finish(server.put("/zstack/v1/backup-storage/image-store/actions", &body)).ok();
    backup_on(&server, &large, &uuid).ok();
    assert_eq!(storage(&server, &uuid)["totalCapacity"], unbounded);
}

#[test]
fn nothing_lies_about_as_trash() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let uuid = server.backup_storage();
    let trash = server.get(&format!("/zstack/v1/backup-storage/trash?uuid={uuid}&trashType=MigrateImage")).ok();
    assert_eq!(trash["inventories"], json!([]));
    server.get(&format!("/zstack/v1/backup-storage/trash?uuid={uuid}&trashType=x")).refused("SYS.1007", &["trashType"]);
    let clean = |parameters: Value| {
        let path = format!("/zstack/v1/backup-storage/{uuid}/trash/actions");
        server.finish(server.put(&path, &json!({"cleanUpTrashOnBackupStorage": parameters})))
    };
    assert_eq!(clean(json!({})).ok()["result"]["size"], 0);
    clean(json!({"trashId": 7})).refused("SYS.1003", &["trashId", "7"]);
}
