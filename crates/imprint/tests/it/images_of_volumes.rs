//! Images of volumes as they are now.

use crate::server::{Reply, Server, data_with, noise, qcow2_content, run, sample_disk, text};
use serde_json::{Value, json};
use std::io::{Seek, SeekFrom, Write};

fn data_template(server: &Server, volume: &str, params: &Value) -> Reply {
    let path = format!("/zstack/v1/images/data-volume-templates/from/volumes/{volume}");
    server.finish(server.post(&path, &json!({ "params": params })))
}

fn root_template(server: &Server, volume: &str, params: &Value) -> Reply {
    let path = format!("/zstack/v1/images/root-volume-templates/from/volumes/{volume}");
    server.finish(server.post(&path, &json!({ "params": params })))
}

fn stored_bytes(folder: &std::path::Path) -> u64 {
    let shards = std::fs::read_dir(folder).unwrap().map(|shard| shard.unwrap().path());
    let files = shards.flat_map(|shard| std::fs::read_dir(shard).unwrap().map(|file| file.unwrap()));
    files.map(|file| file.metadata().unwrap().len()).sum()
}

#[test]
fn a_template_of_a_volume_holds_what_the_volume_held_and_stores_only_changes() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    server.backup(&volume);
    let before = stored_bytes(&temp.path().join("store/segments"));
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(65536)).unwrap();
    file.write_all(&noise(9, 65536)).unwrap();
    let image = data_template(&server, &volume, &json!({"name": "t", "description": "d"})).inventory();
    let then = std::fs::read(&path).unwrap();
    let stored = stored_bytes(&temp.path().join("store/segments")) - before;
    assert!((65536..75_000).contains(&stored), "{stored}");
    assert_eq!(image["url"], json!(format!("volume://{volume}")));
    assert_eq!((&image["status"], &image["mediaType"]), (&json!("Ready"), &json!("DataVolumeTemplate")));
    assert_eq!((&image["format"], &image["virtio"], &image["system"]), (&json!("raw"), &json!(false), &json!(false)));
    assert_eq!(image["size"], json!(then.len()));
    assert!(image.get("platform").is_none() && image.get("architecture").is_none());
    let uuid = text(&image["uuid"]);
    assert_eq!(image["backupStorageRefs"][0]["installPath"], json!(format!("zstore://default/{uuid}")));
    // What the volume becomes later, and what becomes of its backups, is nothing to the image.
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&noise(10, 65536)).unwrap();
    for backup in server.query("/zstack/v1/volume-backups") {
        server.delete(&format!("/zstack/v1/volume-backups/{}", text(&backup["uuid"]))).ok();
    }
    assert!(server.download(&uuid, "raw") == then);
    server.kill();
    let server = Server::start(temp.path());
    assert!(qcow2_content(&server.download(&uuid, "qcow2"))[..then.len()] == then);
}

#[test]
fn a_root_template_is_made_of_root_volumes_only_with_defaults_for_what_is_not_said() {
    let (temp, path) = data_with("raw.img", &sample_disk(3)[..3 << 20]);
    let qcow2 = path.with_file_name("root.qcow2");
    run("qemu-img", &["convert", "-f", "raw", "-O", "qcow2", path.to_str().unwrap(), qcow2.to_str().unwrap()]);
    let server = Server::start(temp.path());
    let body = json!({"params": {"name": "root"},
        "systemTags": ["volume::source::file:root.qcow2?format=qcow2", "volume::type::Root"]});
    let root = text(&server.finish(server.post("/zstack/v1/volumes/data", &body)).inventory()["uuid"]);
    let image = root_template(&server, &root, &json!({"name": "t", "platform": "WindowsVirtio"})).inventory();
    assert_eq!((&image["mediaType"], &image["format"]), (&json!("RootVolumeTemplate"), &json!("qcow2")));
    assert_eq!((&image["platform"], &image["guestOsType"]), (&json!("Windows"), &json!("Windows")));
    assert_eq!((&image["virtio"], &image["system"]), (&json!(true), &json!(false)));
    assert!(image["architecture"].as_str().is_some());
    assert!(server.download(&text(&image["uuid"]), "raw") == std::fs::read(&path).unwrap());
    let data = server.volume("raw.img", "raw");
    root_template(&server, &data, &json!({"name": "t"})).refused("SYS.1006", &["rootVolumeUuid", &data, "Data"]);
    data_template(&server, &root, &json!({"name": "t"})).ok();
    data_template(&server, &root, &json!({"name": "t", "backupStorageUuids": []}))
        .refused("SYS.1007", &["backupStorageUuids"]);
    let taken = text(&image["uuid"]);
    data_template(&server, &root, &json!({"name": "t", "resourceUuid": taken})).refused("SYS.1000", &[&taken]);
}

#[test]
fn a_template_goes_to_every_storage_that_is_named_or_to_none() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let second = temp.path().canonicalize().unwrap().join("second");
    let body =
        json!({"params": {"name": "second", "url": second, "hostname": "localhost", "username": "u", "password": "p"}});
    let second_uuid =
        text(&server.finish(server.post("/zstack/v1/backup-storage/image-store", &body)).inventory()["uuid"]);
    let both = json!([server.backup_storage(), second_uuid, second_uuid]);
    let image = data_template(&server, &volume, &json!({"name": "t", "backupStorageUuids": both})).inventory();
    let refs = image["backupStorageRefs"].as_array().unwrap();
    assert_eq!(refs.len(), 2);
    assert!(refs.iter().all(|reference| reference["status"] == "Ready"), "{refs:?}");
    let uuid = text(&image["uuid"]);
    let export = json!({"exportImageFromBackupStorage": {"imageUuid": uuid, "exportFormat": "raw"}});
    let link = server.finish(server.put(&format!("/zstack/v1/backup-storage/{second_uuid}/actions"), &export)).ok();
    let link = text(&link["imageUrl"]);
    let content = server.request("GET", link.strip_prefix(&server.base).unwrap()).send().unwrap().bytes().unwrap();
    assert!(content == std::fs::read(&path).unwrap());
    // Without its file the volume cannot be read, and nothing is left of the image.
    std::fs::remove_file(&path).unwrap();
    data_template(&server, &volume, &json!({"name": "u"})).refused("SYS.1006", &["disk.raw", &volume]);
    assert_eq!(server.query("/zstack/v1/images").len(), 1);
}
