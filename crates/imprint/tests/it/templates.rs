//! The operation of record: CreateDataVolumeTemplateFromVolumeBackup.

use crate::server::{ADMIN, Server, data_with, qcow2_content, sample_disk, template_path, text};
use serde_json::{Value, json};

fn server_with_backup() -> (tempfile::TempDir, Server, Value) {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let backup = server.backup(&volume);
    (temp, server, backup)
}

#[test]
fn every_field_of_the_page_comes_back() {
    let (_temp, server, backup) = server_with_backup();
    let storage = server.backup_storage();
    let wanted = "fb4415140ff4429f8b7b42f01f04cfdb";
    let body = json!({"params": {"backupStorageUuid": storage, "name": "My Volume Template", "description": "d",
            "guestOsType": "openEuler", "platform": "WindowsVirtio", "system": true, "resourceUuid": wanted,
            "architecture": "x86_64", "tagUuids": [], "unknownField": {"a": 1}},
        "systemTags": ["bootMode::UEFI"], "userTags": ["golden"], "another": 1});
    let image = server.post(&template_path(&text(&backup["uuid"])), &body).inventory();
    for (field, value) in [
        ("uuid", json!(wanted)),
        ("name", json!("My Volume Template")),
        ("description", json!("d")),
        ("state", json!("Enabled")),
        ("status", json!("Ready")),
        ("size", json!((3 << 20) + 512)),
        ("actualSize", json!((2 << 20) + (64 << 10))),
        ("url", json!(format!("volumeBackup://{}", text(&backup["uuid"])))),
        ("mediaType", json!("DataVolumeTemplate")),
        ("guestOsType", json!("openEuler")),
        ("type", json!("zstack")),
        ("platform", json!("Windows")),
        ("architecture", json!("x86_64")),
        ("format", json!("qcow2")),
        ("system", json!(true)),
    ] {
        assert_eq!(image[field], value, "{field} of {image}");
    }
    assert!(image.get("virtio").is_none());
    assert_eq!(image["md5Sum"].as_str().unwrap(), "not calculated");
    let refs = image["backupStorageRefs"].as_array().unwrap();
    assert_eq!(refs.len(), 1);
    assert!(refs[0]["id"].is_u64());
    assert_eq!(refs[0]["imageUuid"], wanted);
    assert_eq!(refs[0]["backupStorageUuid"], storage);
    assert_eq!(refs[0]["installPath"], format!("zstore://default/{wanted}"));
    assert_eq!(refs[0]["status"], "Ready");
    for date in ["createDate", "lastOpDate"] {
        let date = text(&image[date]);
        assert!(date.ends_with("AM") || date.ends_with("PM"), "{date}");
    }
    assert_eq!(server.query("/zstack/v1/images?q=__userTag__=golden&q=__systemTag__=bootMode::UEFI").len(), 1);
    assert!(!server.query(&format!("/zstack/v1/images/{wanted}")).is_empty());
}

#[test]
fn what_is_left_out_has_its_documented_value() {
    let (_temp, server, backup) = server_with_backup();
    let image = server.template(&text(&backup["uuid"]), " trimmed ").inventory();
    assert_eq!(image["name"], "trimmed");
    assert_eq!(image["platform"], "Linux");
    assert_eq!(image["guestOsType"], "Linux");
    assert_eq!(image["system"], false);
    for absent in ["description", "architecture", "virtio", "systemTags"] {
        assert!(image.get(absent).is_none(), "{absent}");
    }
    let reply = server.template(&text(&backup["uuid"]), "x").ok();
    assert_eq!(reply.as_object().unwrap().keys().collect::<Vec<_>>(), ["inventory"]);
}

#[test]
fn the_template_downloads_as_the_disk_was_and_its_md5_becomes_known() {
    let (_temp, server, backup) = server_with_backup();
    let image = text(&server.template(&text(&backup["uuid"]), "t").inventory()["uuid"]);
    let qcow2 = server.download(&image, "qcow2");
    let mut disk = qcow2_content(&qcow2);
    disk.truncate(sample_disk(1).len());
    assert!(disk == sample_disk(1));
    assert!(server.download(&image, "raw") == sample_disk(1));
    let md5 = text(&server.export(&image, "qcow2")["exportMd5Sum"]);
    let known = server.query(&format!("/zstack/v1/images?q=uuid={image}"));
    assert_eq!(known[0]["md5Sum"], md5);
    let born_with_it = server.template(&text(&backup["uuid"]), "u").inventory();
    assert_eq!(born_with_it["md5Sum"], md5);
}

#[test]
fn a_root_template_is_one_too() {
    let (_temp, server, backup) = server_with_backup();
    let path = format!("/zstack/v1/images/root-volume-templates/from/volume-template/{}", text(&backup["uuid"]));
    let params = |more: Value| {
        let mut params = json!({"backupStorageUuid": server.backup_storage(), "name": "r"});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"params": params})
    };
    let image = server.post(&path, &params(json!({"architecture": "aarch64", "virtio": true}))).inventory();
    assert_eq!(image["mediaType"], "RootVolumeTemplate");
    assert_eq!(image["virtio"], true);
    server.post(&path, &params(json!({"architecture": "vax"}))).refused("SYS.1007", &["architecture", "vax"]);
}

#[test]
fn bad_parameters_are_refused_by_name_and_nothing_is_made() {
    let (_temp, server, backup) = server_with_backup();
    let storage = server.backup_storage();
    let path = template_path(&text(&backup["uuid"]));
    let good = json!({"name": "n", "backupStorageUuid": storage});
    let long = "x".repeat(256);
    let missing = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";
    let cases: Vec<(Value, &str, Vec<&str>)> = vec![
        (json!({"name": null}), "SYS.1007", vec!["field[name]"]),
        (json!({"name": long}), "SYS.1007", vec!["field[name]", "255"]),
        (json!({"description": "d".repeat(2049)}), "SYS.1007", vec!["field[description]", "2048"]),
        (json!({"platform": "linux"}), "SYS.1007", vec!["field[platform]", "linux"]),
        (json!({"resourceUuid": storage}), "SYS.1000", vec!["field[resourceUuid]", storage.as_str()]),
        (json!({"resourceUuid": "ABC"}), "SYS.1007", vec!["field[resourceUuid]", "ABC"]),
        (json!({"resourceUuid": missing.to_uppercase()}), "SYS.1007", vec!["field[resourceUuid]"]),
        (json!({"backupStorageUuid": null}), "SYS.1007", vec!["field[backupStorageUuid]"]),
        (json!({"backupStorageUuid": missing}), "SYS.1003", vec!["field[backupStorageUuid]", missing]),
        (json!({"backupStorageUuid": storage.to_uppercase()}), "SYS.1003", vec!["field[backupStorageUuid]"]),
        (json!({"tagUuids": [missing]}), "SYS.1003", vec!["field[tagUuids]", missing]),
        (json!({"systemTags": ["nonsense"]}), "SYS.1007", vec!["systemTags", "nonsense"]),
    ];
    for (change, code, parts) in cases {
        let mut params = good.clone();
        params.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        server.post(&path, &json!({"params": params})).refused(code, &parts);
    }
    server.post(&path, &json!({})).refused("SYS.1007", &["mandatory"]);
    for backup in [missing, "abc", "D20E8A5F7C1946B3BD8E41F7092AC63B", "d20e8a5f-7c19-46b3-bd8e-41f7092ac63b"] {
        server.post(&template_path(backup), &json!({"params": good})).refused("SYS.1003", &["backupUuid", backup]);
    }
    let wrong_type = server.post(&path, &json!({"params": {"name": "n", "backupStorageUuid": storage, "system": 1}}));
    assert_eq!(wrong_type.status, 400);
    assert!(wrong_type.text.contains("system"), "{}", wrong_type.text);
    assert!(server.query("/zstack/v1/images").is_empty());
}

#[test]
fn the_session_is_checked_after_the_parameters_and_before_the_work() {
    let (_temp, server, backup) = server_with_backup();
    let good = json!({"params": {"name": "n", "backupStorageUuid": server.backup_storage()}});
    let send = |authorization: Option<&str>, path: &str, body: &Value| {
        let mut request = server.request("POST", path).body(body.to_string());
        if let Some(value) = authorization {
            request = request.header("Authorization", value);
        }
        Server::send(request)
    };
    let path = template_path(&text(&backup["uuid"]));
    assert_eq!(send(None, &path, &good).status, 400);
    assert_eq!(send(Some("Bearer x"), &path, &good).status, 400);
    let stranger = Some("OAuth 0d9b7c3e41fa4e6b8c52a17f6630be94");
    send(stranger, &path, &good).refused("ID.1001", &["Session expired"]);
    send(stranger, &path, &json!({"params": {}})).refused("SYS.1007", &[]);
    send(stranger, &template_path(ADMIN), &good).refused("SYS.1003", &[]);
    assert!(server.query("/zstack/v1/images").is_empty());
}

#[test]
fn two_calls_with_one_uuid_never_make_two_images() {
    let (_temp, server, backup) = server_with_backup();
    let path = template_path(&text(&backup["uuid"]));
    let wanted = "fb4415140ff4429f8b7b42f01f04cfdb";
    let storage = server.backup_storage();
    let body = json!({"params": {"name": "n", "backupStorageUuid": storage, "resourceUuid": wanted}});
    let made = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..16).map(|_| scope.spawn(|| server.post(&path, &body))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
    });
    let (won, lost): (Vec<_>, Vec<_>) = made.iter().partition(|reply| reply.status == 200);
    assert_eq!(won.len(), 1);
    for reply in lost {
        reply.refused("SYS.1000", &["resourceUuid", wanted]);
    }
    assert_eq!(server.query("/zstack/v1/images").len(), 1);
}

#[test]
fn a_backup_that_was_deleted_makes_no_template_but_its_images_stay_whole() {
    let (_temp, server, backup) = server_with_backup();
    let backup = text(&backup["uuid"]);
    let image = text(&server.template(&backup, "kept").inventory()["uuid"]);
    server.delete(&format!("/zstack/v1/volume-backups/{backup}")).ok();
    server.template(&backup, "late").refused("SYS.1003", &["backupUuid", &backup]);
    assert!(server.download(&image, "raw") == sample_disk(1));
}
