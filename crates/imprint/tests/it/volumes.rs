//! Volumes: files that are registered, and blank ones that are made.

use crate::server::{Server, data_with, run, sample_disk, text};
use serde_json::json;

#[test]
fn a_file_is_registered_with_its_size_and_format() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let tag = "volume::source::file:disk.raw?format=raw";
    let body = json!({"params": {"name": "v", "description": "d", "diskSize": 1}, "systemTags": [tag]});
    let volume = server.post("/zstack/v1/volumes/data", &body).inventory();
    assert_eq!(volume["size"], sample_disk(1).len());
    assert_eq!(volume["format"], "raw");
    assert_eq!(volume["type"], "Data");
    assert_eq!((&volume["state"], &volume["status"]), (&json!("Enabled"), &json!("Ready")));
    assert_eq!(volume["isShareable"], false);
    assert!(text(&volume["installPath"]).ends_with("volumes/disk.raw"));
    assert_eq!(server.query(&format!("/zstack/v1/volumes?q=__systemTag__={tag}")).len(), 1);
    let root = json!({"params": {"name": "r"}, "systemTags": [tag, "volume::type::Root"]});
    assert_eq!(server.post("/zstack/v1/volumes/data", &root).inventory()["type"], "Root");
}

#[test]
fn a_blank_volume_is_a_sparse_qcow2_that_can_be_backed_up_at_once() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let body = json!({"params": {"name": "v", "diskSize": 16u64 << 40}});
    let volume = server.post("/zstack/v1/volumes/data", &body).inventory();
    assert_eq!(volume["size"], 16u64 << 40);
    let path = text(&volume["installPath"]);
    assert!(std::fs::metadata(&path).unwrap().len() < 2 << 20);
    run("qemu-img", &["check", "-q", "-f", "qcow2", &path]);
    let backup = server.backup(&text(&volume["uuid"]));
    assert_eq!(backup["size"], 0);
    assert_eq!(backup["status"], "Ready");
    let image = server.template(&text(&backup["uuid"]), "t").inventory();
    assert_eq!((&image["size"], &image["actualSize"]), (&json!(16u64 << 40), &json!(0)));
}

#[test]
fn sources_that_are_not_what_they_should_be_are_refused_and_no_volume_is_made() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let volumes = path.parent().unwrap();
    let server = Server::start(temp.path());
    std::fs::write(temp.path().join("secret"), "s").unwrap();
    std::os::unix::fs::symlink(temp.path().join("secret"), volumes.join("link")).unwrap();
    std::fs::create_dir(volumes.join("folder")).unwrap();
    let file = |name: &str| volumes.join(name).to_str().unwrap().to_owned();
    run("qemu-img", &["create", "-q", "-f", "qcow2", &file("base.qcow2"), "1M"]);
    run("qemu-img", &["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "base.qcow2", &file("overlay.qcow2")]);
    let whole = std::fs::read(file("base.qcow2")).unwrap();
    std::fs::write(file("cut.qcow2"), &whole[..100]).unwrap();
    let register = |uri: &str| {
        let body = json!({"params": {"name": "v"}, "systemTags": [format!("volume::source::{uri}")]});
        server.post("/zstack/v1/volumes/data", &body)
    };
    for (uri, code, part) in [
        ("file:absent.raw?format=raw", "SYS.1006", "absent.raw"),
        ("file:disk.raw?format=qcow2", "SYS.1006", "qcow2"),
        ("file:base.qcow2?format=raw", "SYS.1006", "qcow2"),
        ("file:overlay.qcow2?format=qcow2", "SYS.1006", "backing"),
        ("file:cut.qcow2?format=qcow2", "SYS.1006", "cut.qcow2"),
        ("file:folder?format=raw", "SYS.1006", "folder"),
        ("file:link?format=raw", "SYS.1006", "link"),
        ("file:../secret?format=raw", "SYS.1007", "../secret"),
        ("file:/etc/passwd?format=raw", "SYS.1007", "/etc/passwd"),
        ("file:disk.raw", "SYS.1007", "format"),
        ("nbd://127.0.0.1/x?format=raw", "SYS.1007", "nbd"),
    ] {
        register(uri).refused(code, &[part]);
    }
    assert!(server.query("/zstack/v1/volumes").is_empty());
}

#[test]
fn blank_volumes_need_a_size_that_can_be() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let make = |params: serde_json::Value| server.post("/zstack/v1/volumes/data", &json!({"params": params}));
    make(json!({"name": "v"})).refused("SYS.1007", &["diskSize"]);
    make(json!({"name": "v", "diskSize": -5})).refused("SYS.1007", &["diskSize", "-5"]);
    make(json!({"name": "v", "diskSize": u64::MAX >> 1})).refused("SYS.1007", &["diskSize"]);
    make(json!({"name": "v", "diskSize": 1, "diskOfferingUuid": "6f1c2a9be5d84c0f9a3e7b20d4c8f115"}))
        .refused("SYS.1003", &["diskOfferingUuid"]);
    make(json!({"name": "v", "diskSize": 1, "primaryStorageUuid": "x"})).refused("SYS.1003", &["primaryStorageUuid"]);
    assert_eq!(make(json!({"name": "v", "diskSize": "abc"})).status, 400);
    assert!(server.query("/zstack/v1/volumes").is_empty());
    assert_eq!(std::fs::read_dir(temp.path().join("volumes")).unwrap().count(), 0);
}

#[test]
fn only_the_administrator_registers_files_and_gives_them_to_their_owners() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let (account, session) = server.account("tenant");
    let body = json!({"params": {"name": "v"}, "systemTags": ["volume::source::file:disk.raw?format=raw"]});
    server.call_as(&session, "POST", "/zstack/v1/volumes/data", &body).refused("ID.1002", &["volume::source"]);
    let volume = server.volume("disk.raw", "raw");
    let give = json!({"params": {"resourceUuid": &volume}});
    server.post(&format!("/zstack/v1/account/{account}/resources"), &give).inventory();
    let path = format!("/zstack/v1/volumes/{volume}");
    let seen = server.call_as(&session, "GET", &path, &serde_json::Value::Null).ok();
    assert_eq!(seen["inventories"][0]["uuid"], volume.as_str());
}
