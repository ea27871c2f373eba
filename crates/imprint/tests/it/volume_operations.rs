//! What is done with volumes after they were made.

use crate::restores::{Guest, content, volume};
use crate::server::{Reply, Server, data_with, noise, run, sample_disk, text};
use serde_json::{Value, json};
use std::path::PathBuf;

const VM: &str = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";
const OTHER_VM: &str = "7f1c2a9be5d84c0f9a3e7b20d4c8f115";

fn act(server: &Server, volume: &str, action: &str, params: &Value) -> Reply {
    let body = json!({action: params});
    server.finish(server.put(&format!("/zstack/v1/volumes/{volume}/actions"), &body))
}

fn delete(server: &Server, volume: &str) -> Reply {
    server.finish(server.delete(&format!("/zstack/v1/volumes/{volume}")))
}

fn attach(server: &Server, volume: &str, vm: &str) -> Reply {
    let path = format!("/zstack/v1/volumes/{volume}/vm-instances/{vm}");
    server.finish(server.post(&path, &json!({"params": {}})))
}

fn blank(server: &Server, size: u64) -> (String, PathBuf) {
    let body = json!({"params": {"name": "blank", "diskSize": size}});
    let made = server.finish(server.post("/zstack/v1/volumes/data", &body)).inventory();
    (text(&made["uuid"]), PathBuf::from(text(&made["installPath"])))
}

fn try_backup(server: &Server, volume: &str) -> Reply {
    let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
    server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body))
}

#[test]
fn a_volume_is_renamed_and_a_disabled_one_refuses_backups() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let uuid = server.volume("disk.raw", "raw");
    let changed = act(&server, &uuid, "updateVolume", &json!({"name": " new ", "description": "d"})).inventory();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("new"), &json!("d")));
    let changed = act(&server, &uuid, "updateVolume", &json!({"description": "e"})).inventory();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("new"), &json!("e")));
    assert_eq!(
        act(&server, &uuid, "changeVolumeState", &json!({"stateEvent": "disable"})).inventory()["state"],
        "Disabled"
    );
    try_backup(&server, &uuid).refused("SYS.1006", &[&uuid, "Disabled"]);
    act(&server, &uuid, "changeVolumeState", &json!({"stateEvent": "off"})).refused("SYS.1007", &["stateEvent"]);
    assert_eq!(
        act(&server, &uuid, "changeVolumeState", &json!({"stateEvent": "enable"})).inventory()["state"],
        "Enabled"
    );
    try_backup(&server, &uuid).ok();
}

#[test]
fn a_deleted_volume_is_recovered_or_expunged_and_its_backups_stay() {
    let disk = sample_disk(2);
    let (temp, path) = data_with("disk.raw", &disk);
    let server = Server::start(temp.path());
    let registered = server.volume("disk.raw", "raw");
    let (ours, file) = blank(&server, 1 << 20);
    let backup = text(&server.backup(&registered)["uuid"]);
    for uuid in [&registered, &ours] {
        act(&server, uuid, "expungeDataVolume", &json!({})).refused("SYS.1006", &[uuid, "Ready"]);
        act(&server, uuid, "recoverDataVolume", &json!({})).refused("SYS.1006", &[uuid, "Ready"]);
        assert_eq!(delete(&server, uuid).ok(), json!({}));
        assert_eq!(delete(&server, uuid).ok(), json!({}));
        assert_eq!(volume(&server, uuid)["status"], "Deleted");
        try_backup(&server, uuid).refused("SYS.1006", &["Deleted"]);
        assert_eq!(act(&server, uuid, "recoverDataVolume", &json!({})).inventory()["status"], "Ready");
        try_backup(&server, uuid).ok();
        delete(&server, uuid).ok();
    }
    // A file that a guest uses stays, and with it the volume.
    let guest = Guest::open(&file, "qcow2");
    act(&server, &ours, "expungeDataVolume", &json!({})).refused("SYS.1006", &[&ours, "another process"]);
    assert_eq!(volume(&server, &ours)["status"], "Deleted");
    drop(guest);
    for uuid in [&registered, &ours] {
        assert_eq!(act(&server, uuid, "expungeDataVolume", &json!({})).ok(), json!({}));
        assert!(volume(&server, uuid).is_null());
        act(&server, uuid, "expungeDataVolume", &json!({})).refused("SYS.1003", &[uuid]);
        assert_eq!(delete(&server, uuid).ok(), json!({}));
    }
    assert!(!file.exists(), "a file that was made here goes with its volume");
    assert!(std::fs::read(&path).unwrap() == disk, "a file that was registered stays");
    let image = text(&server.template(&backup, "t").inventory()["uuid"]);
    assert!(server.download(&image, "raw") == disk);
}

#[test]
fn a_volume_grows_in_its_file() {
    let disk = sample_disk(3);
    let (temp, path) = data_with("disk.raw", &disk);
    let server = Server::start(temp.path());
    let resize = |uuid: &str, size: Value| {
        let path = format!("/zstack/v1/volumes/data/resize/{uuid}/actions");
        server.finish(server.put(&path, &json!({"resizeDataVolume": {"size": size}})))
    };
    let raw = server.volume("disk.raw", "raw");
    assert_eq!(resize(&raw, json!(5 << 20)).inventory()["size"], 5 << 20);
    let mut expected = disk.clone();
    expected.resize(5 << 20, 0);
    assert!(std::fs::read(&path).unwrap() == expected);
    resize(&raw, json!(1 << 20)).refused("SYS.1007", &["size", "1048576", "only grows"]);
    resize(&raw, json!(-1)).refused("SYS.1007", &["size", "-1"]);
    resize(&raw, json!(1_i64 << 60)).refused("SYS.1007", &["size", "64 TiB"]);
    resize(&raw, Value::Null).refused("SYS.1007", &["size"]);

    let (uuid, file) = blank(&server, 1 << 20);
    run("qemu-io", &["-f", "qcow2", "-c", "write -P 5 0 1M", file.to_str().unwrap()]);
    assert_eq!(resize(&uuid, json!((3 << 20) + 512)).inventory()["size"], (3 << 20) + 512);
    let mut expected = vec![5; 1 << 20];
    expected.resize((3 << 20) + 512, 0);
    assert!(content(&file) == expected);
    // Beyond 4 TiB another L1 table is needed: the file is written anew, and holds the same.
    assert_eq!(resize(&uuid, json!(5_u64 << 40)).inventory()["size"], 5_u64 << 40);
    run("qemu-img", &["check", "-q", "-f", "qcow2", file.to_str().unwrap()]);
    run("qemu-io", &["-f", "qcow2", "-c", "read -P 5 0 1M", "-c", "read -P 0 1M 8M", file.to_str().unwrap()]);
    let guest = Guest::open(&file, "qcow2");
    resize(&uuid, json!(6_u64 << 40)).refused("SYS.1006", &["another process"]);
    // Its sizes can be looked at all the same.
    assert_eq!(act(&server, &uuid, "syncVolumeSize", &json!({})).inventory()["size"], 5_u64 << 40);
    drop(guest);
    assert_eq!(server.backup(&uuid)["status"], "Ready");
}

#[test]
fn sizes_are_those_of_the_file() {
    let (temp, path) = data_with("disk.raw", &noise(1, 1 << 20));
    let server = Server::start(temp.path());
    let uuid = server.volume("disk.raw", "raw");
    std::fs::write(&path, noise(1, 3 << 20)).unwrap();
    let synced = act(&server, &uuid, "syncVolumeSize", &json!({})).inventory();
    assert_eq!(synced["size"], 3 << 20);
    assert!(synced["actualSize"].as_u64().unwrap() >= 3 << 20);
    assert_eq!(volume(&server, &uuid)["size"], 3 << 20);
    std::fs::remove_file(&path).unwrap();
    act(&server, &uuid, "syncVolumeSize", &json!({})).refused("SYS.1006", &["disk.raw", "does not exist"]);
}

#[test]
fn formats_capabilities_and_flattening_tell_what_volumes_are() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let uuid = server.volume("disk.raw", "raw");
    let formats = server.get("/zstack/v1/volumes/formats").ok();
    let names: Vec<_> = formats["formats"].as_array().unwrap().iter().map(|format| text(&format["format"])).collect();
    assert_eq!((names, &formats["success"]), (vec!["qcow2".to_owned(), "raw".to_owned()], &json!(true)));
    let capabilities = server.get(&format!("/zstack/v1/volumes/{uuid}/capabilities")).ok();
    assert_eq!(capabilities["capabilities"]["MigrationToOtherPrimaryStorage"], false);
    for dry_run in [true, false] {
        assert_eq!(
            act(&server, &uuid, "flattenVolume", &json!({"dryRun": dry_run})).inventory()["uuid"],
            uuid.as_str()
        );
    }
    server.get(&format!("/zstack/v1/volumes/{VM}/capabilities")).refused("SYS.1003", &[VM]);
}

#[test]
fn volumes_are_attached_as_devices_of_a_machine_and_detached() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let root = |name: &str| {
        let tags = json!(["volume::source::file:disk.raw?format=raw", "volume::type::Root"]);
        let body = json!({"params": {"name": name}, "systemTags": tags});
        text(&server.finish(server.post("/zstack/v1/volumes/data", &body)).inventory()["uuid"])
    };
    let (boot, other_boot) = (root("r"), root("s"));
    let data: Vec<String> = (0..3).map(|_| blank(&server, 1 << 20).0).collect();
    assert_eq!(attach(&server, &boot, VM).inventory()["deviceId"], 0);
    attach(&server, &other_boot, VM).refused("SYS.1006", &[&other_boot, &boot]);
    for (uuid, device) in data.iter().zip(1..) {
        let attached = attach(&server, uuid, VM).inventory();
        assert_eq!((&attached["deviceId"], &attached["vmInstanceUuid"]), (&json!(device), &json!(VM)));
        assert!(attached["lastAttachDate"].is_string());
    }
    attach(&server, &data[0], OTHER_VM).refused("SYS.1006", &[&data[0], VM]);
    attach(&server, &data[0], "x").refused("SYS.1007", &["vmInstanceUuid"]);
    assert_eq!(server.query(&format!("/zstack/v1/volumes?q=vmInstanceUuid={VM}&q=deviceId>1")).len(), 2);
    let detach = |uuid: &str, query: &str| {
        server.finish(server.delete(&format!("/zstack/v1/volumes/{uuid}/vm-instances{query}")))
    };
    detach(&data[0], &format!("?vmUuid={OTHER_VM}")).refused("SYS.1006", &[&data[0]]);
    let detached = detach(&data[0], &format!("?vmUuid={VM}")).inventory();
    assert!(detached["vmInstanceUuid"].is_null() && detached["deviceId"].is_null());
    assert_eq!(detached["lastVmInstanceUuid"], VM);
    assert!(detached["lastDetachDate"].is_string());
    detach(&data[0], "").refused("SYS.1006", &["not attached"]);
    assert_eq!(server.query(&format!("/zstack/v1/volumes?q=lastVmInstanceUuid={VM}")).len(), 1);
    // The first device that is free.
    assert_eq!(attach(&server, &data[0], VM).inventory()["deviceId"], 1);
    // A volume that is deleted is no machine's any more.
    delete(&server, &data[1]).ok();
    assert!(volume(&server, &data[1])["vmInstanceUuid"].is_null());
    attach(&server, &data[1], VM).refused("SYS.1006", &["Deleted"]);
    let backup = server.backup(&data[2]);
    assert_eq!(backup["vmInstanceUuid"], VM);
}
