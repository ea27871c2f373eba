//! Exports: links that expire, and downloads that can be resumed.

use crate::server::{Server, data_with, qcow2_content, sample_disk, text};
use serde_json::json;

fn server_with_image() -> (tempfile::TempDir, Server, String) {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let backup = server.backup(&server.volume("disk.raw", "raw"));
    let image = text(&server.template(&text(&backup["uuid"]), "t").inventory()["uuid"]);
    (temp, server, image)
}

/// The path of an absolute URL of this server.
fn path_of(server: &Server, url: &serde_json::Value) -> String {
    text(url).strip_prefix(&server.base).expect("a URL of this server").to_owned()
}

#[test]
fn an_export_answers_link_and_md5_and_shows_both_on_the_image() {
    let (_temp, server, image) = server_with_image();
    let export = server.export(&image, "qcow2");
    assert_eq!(export["success"], true);
    let bytes = server.download(&image, "qcow2");
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("x"), &bytes).unwrap();
    let md5 = std::process::Command::new("md5sum").arg(temp.path().join("x")).output().unwrap();
    assert!(String::from_utf8(md5.stdout).unwrap().starts_with(&text(&export["exportMd5Sum"])));
    let reference = server.query(&format!("/zstack/v1/images/{image}"))[0]["backupStorageRefs"][0].clone();
    assert_eq!(reference["exportMd5Sum"], export["exportMd5Sum"]);
    assert!(reference["exportUrl"].is_string());
    let disk = qcow2_content(&bytes);
    assert!(disk[..sample_disk(1).len()] == sample_disk(1));
}

#[test]
fn both_formats_keep_their_links_until_the_export_is_deleted() {
    let (_temp, server, image) = server_with_image();
    let raw = path_of(&server, &server.export(&image, "raw")["imageUrl"]);
    let qcow2 = path_of(&server, &server.export(&image, "qcow2")["imageUrl"]);
    assert_ne!(raw, qcow2);
    let status = |path: &str| Server::send(server.request("HEAD", path)).status;
    assert_eq!((status(&raw), status(&qcow2)), (200, 200));
    let path = format!("/zstack/v1/backup-storage/{}/exported-images/{image}", server.backup_storage());
    assert_eq!(server.delete(&path).ok(), json!({}));
    assert_eq!((status(&raw), status(&qcow2)), (404, 404));
    let reference = server.query(&format!("/zstack/v1/images/{image}"))[0]["backupStorageRefs"][0].clone();
    assert!(reference.get("exportUrl").is_none() && reference.get("exportMd5Sum").is_none());
}

#[test]
fn a_link_survives_a_restart_and_a_guessed_one_does_not_exist() {
    let (temp, server, image) = server_with_image();
    let path = path_of(&server, &server.export(&image, "raw")["imageUrl"]);
    server.kill();
    let server = Server::start(temp.path());
    let get = |path: &str| Server::send(server.request("GET", path)).status;
    assert_eq!(get(&path), 200);
    let at = path.rfind('/').unwrap() - 1;
    let mut guessed = path.clone();
    guessed.replace_range(at..=at, if &path[at..=at] == "a" { "b" } else { "a" });
    assert_eq!(get(&guessed), 404);
}

#[test]
fn ranges_are_served_as_http_wants_them() {
    let (_temp, server, image) = server_with_image();
    let disk = sample_disk(1);
    let path = path_of(&server, &server.export(&image, "raw")["imageUrl"]);
    let get = |headers: &[(&str, &str)]| {
        let request =
            headers.iter().fold(server.request("GET", &path), |request, (name, value)| request.header(*name, *value));
        let response = request.send().unwrap();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let found = (response.status().as_u16(), header("content-range"), header("etag"));
        (found, response.bytes().unwrap().to_vec())
    };
    let ((status, _, etag), whole) = get(&[]);
    assert_eq!(status, 200);
    assert!(whole == disk);
    let etag = etag.unwrap();
    let len = disk.len();
    for (range, expected) in [
        ("bytes=0-0".to_owned(), 0..1),
        ("bytes=65530-65550".to_owned(), 65530..65551),
        (format!("bytes={}-", len - 3), len - 3..len),
        ("bytes=-700".to_owned(), len - 700..len),
        (format!("bytes=1048570-{}", len + 99), 1_048_570..len),
    ] {
        let ((status, content_range, _), part) = get(&[("Range", &range)]);
        assert_eq!(status, 206, "{range}");
        assert_eq!(content_range.unwrap(), format!("bytes {}-{}/{len}", expected.start, expected.end - 1));
        assert!(part == disk[expected], "{range}");
    }
    let ((status, content_range, _), _) = get(&[("Range", &format!("bytes={len}-"))]);
    assert_eq!((status, content_range), (416, Some(format!("bytes */{len}"))));
    let ((status, ..), part) = get(&[("Range", "bytes=1-2"), ("If-Range", &etag)]);
    assert_eq!((status, part), (206, disk[1..3].to_vec()));
    let ((status, ..), part) = get(&[("Range", "bytes=1-2"), ("If-Range", "\"other\"")]);
    assert_eq!((status, part.len()), (200, len));
    let ((status, ..), part) = get(&[("If-None-Match", &etag)]);
    assert_eq!((status, part.len()), (304, 0));
    let head = server.request("HEAD", &path).send().unwrap();
    assert_eq!(head.headers()["content-length"], len.to_string());
    assert_eq!(head.headers()["accept-ranges"], "bytes");
}

#[test]
fn exports_of_what_is_not_there_are_refused() {
    let (_temp, server, image) = server_with_image();
    let storage = server.backup_storage();
    let absent = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";
    let export = |storage: &str, parameters: serde_json::Value| {
        let body = json!({"exportImageFromBackupStorage": parameters});
        server.finish(server.put(&format!("/zstack/v1/backup-storage/{storage}/actions"), &body))
    };
    export(&storage, json!({"imageUuid": absent})).refused("SYS.1003", &["imageUuid", absent]);
    export(absent, json!({"imageUuid": image})).refused("SYS.1003", &["backupStorageUuid", absent]);
    export(&storage, json!({"imageUuid": image, "exportFormat": "vmdk"}))
        .refused("SYS.1007", &["exportFormat", "vmdk"]);
    export(&storage, json!({})).refused("SYS.1007", &["imageUuid"]);
}
