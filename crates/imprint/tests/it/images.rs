//! The life of an image after it was made.

use crate::server::{Server, data_with, sample_disk, text};
use crate::waiting::eventually;
use serde_json::{Value, json};

fn server_with_image() -> (tempfile::TempDir, Server, String) {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let backup = server.backup(&server.volume("disk.raw", "raw"));
    let image = text(&server.template(&text(&backup["uuid"]), "t").inventory()["uuid"]);
    (temp, server, image)
}

fn act(server: &Server, image: &str, action: &str, parameters: &Value) -> crate::server::Reply {
    server.put(&format!("/zstack/v1/images/{image}/actions"), &json!({action: parameters}))
}

#[test]
fn an_update_changes_what_it_names_and_is_visible_at_once() {
    let (_temp, server, image) = server_with_image();
    let changes = json!({"name": "deb12-r2", "description": "second cut", "platform": "WindowsVirtio",
        "guestOsType": "g", "mediaType": "RootVolumeTemplate", "architecture": "aarch64", "system": true, "virtio": false});
    let updated = act(&server, &image, "updateImage", &changes).inventory();
    let found = server.query(&format!("/zstack/v1/images/{image}"));
    for inventory in [&updated, &found[0]] {
        for (field, value) in changes.as_object().unwrap() {
            assert_eq!(&inventory[field], value, "{field}");
        }
    }
    let again = act(&server, &image, "updateImage", &json!({"description": "third"})).inventory();
    assert_eq!((&again["name"], &again["description"]), (&json!("deb12-r2"), &json!("third")));
    act(&server, &image, "updateImage", &json!({"mediaType": "Tape"})).refused("SYS.1007", &["mediaType", "Tape"]);
    act(&server, &image, "updateImage", &json!({"format": "vmdk"})).refused("SYS.1007", &["format", "vmdk"]);
    act(&server, "6f1c2a9be5d84c0f9a3e7b20d4c8f115", "updateImage", &changes).refused("SYS.1003", &["uuid"]);
}

#[test]
fn a_deleted_image_can_be_recovered_until_it_is_expunged() {
    let (_temp, server, image) = server_with_image();
    let path = format!("/zstack/v1/images/{image}");
    let status = || server.query(&path).first().map(|row| text(&row["status"]));
    act(&server, &image, "recoverImage", &json!({})).refused("SYS.1006", &[&image]);
    act(&server, &image, "expungeImage", &json!({})).refused("SYS.1006", &[&image]);
    assert_eq!(server.delete(&path).ok(), json!({}));
    assert_eq!(server.delete(&path).ok(), json!({}));
    assert_eq!(status().as_deref(), Some("Deleted"));
    let export = json!({"exportImageFromBackupStorage": {"imageUuid": image}});
    let actions = format!("/zstack/v1/backup-storage/{}/actions", server.backup_storage());
    server.finish(server.put(&actions, &export)).refused("SYS.1006", &["Deleted"]);
    let recovered = act(&server, &image, "recoverImage", &json!({})).inventory();
    assert_eq!(recovered["status"], "Ready");
    assert_eq!(recovered["backupStorageRefs"][0]["status"], "Ready");
    assert!(server.download(&image, "raw") == sample_disk(1));
    server.delete(&format!("{path}?backupStorageUuids={}", server.backup_storage())).ok();
    act(&server, &image, "expungeImage", &json!({"backupStorageUuids": []}))
        .refused("SYS.1007", &["backupStorageUuids"]);
    assert_eq!(act(&server, &image, "expungeImage", &json!({})).ok(), json!({}));
    assert_eq!(status(), None);
    assert_eq!(server.delete(&path).ok(), json!({}));
    act(&server, &image, "recoverImage", &json!({})).refused("SYS.1003", &["imageUuid", &image]);
}

#[test]
fn images_survive_a_crash_right_after_they_were_acknowledged() {
    let (temp, server, first) = server_with_image();
    let backup = text(&server.query("/zstack/v1/volume-backups")[0]["uuid"]);
    let second = text(&server.template(&backup, "second").inventory()["uuid"]);
    server.kill();
    let server = Server::start(temp.path());
    for image in [first, second] {
        assert!(server.download(&image, "raw") == sample_disk(1));
    }
}

#[test]
fn the_md5_is_that_of_the_images_own_format() {
    let (_temp, server, image) = server_with_image();
    let shown = || text(&server.query(&format!("/zstack/v1/images?q=uuid={image}"))[0]["md5Sum"]);
    let known = || eventually("the digest", || Some(shown()).filter(|md5| md5.len() == 32));
    let of_qcow2 = known();
    act(&server, &image, "updateImage", &json!({"format": "raw"})).inventory();
    let of_raw = known();
    assert_ne!(of_raw, of_qcow2);
    assert_eq!(of_raw, text(&server.export(&image, "raw")["exportMd5Sum"]));
    act(&server, &image, "updateImage", &json!({"format": "qcow2"})).inventory();
    assert_eq!(known(), of_qcow2);
}

#[test]
fn an_image_is_disabled_and_enabled() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let backup = text(&server.backup(&server.volume("a.raw", "raw"))["uuid"]);
    let image = text(&server.template(&backup, "t").inventory()["uuid"]);
    let change = |event: &str| {
        let body = json!({"changeImageState": {"stateEvent": event}});
        server.put(&format!("/zstack/v1/images/{image}/actions"), &body)
    };
    assert_eq!(change("disable").inventory()["state"], "Disabled");
    assert_eq!(server.query("/zstack/v1/images?q=state=Disabled").len(), 1);
    assert_eq!(change("enable").inventory()["state"], "Enabled");
    change("Enable").refused("SYS.1007", &["field[stateEvent]", "Enable"]);
}
