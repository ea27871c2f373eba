//! Images that are added from files: of the server's machine, fetched over HTTP, uploaded.

use crate::server::{Reply, Server, noise, qcow2_content, run, sample_disk, text};
use crate::waiting::{eventually, until_job_is};
use base64::Engine;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

const UNKNOWN: &str = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";

/// A data directory and the directory in it that images may be added from.
fn data() -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let images = temp.path().canonicalize().unwrap().join("images");
    std::fs::create_dir_all(&images).unwrap();
    (temp, images)
}

fn add(server: &Server, params: &Value) -> Reply {
    let mut params = params.clone();
    if params.get("backupStorageUuids").is_none() {
        params["backupStorageUuids"] = json!([server.backup_storage()]);
    }
    params["name"] = json!("added");
    server.finish(server.post("/zstack/v1/images", &json!({ "params": params })))
}

/// Asserts that there is no image because of an error whose details hold `part`.
#[track_caller]
fn refused(reply: &Reply, part: &str) {
    reply.refused("SYS.1002", &[]);
    let cause = reply.json()["error"]["cause"].clone();
    assert_eq!(cause["code"], "SYS.1006", "{cause}");
    assert!(text(&cause["details"]).contains(part), "{cause}");
}

fn to_qcow2(raw: &Path) -> PathBuf {
    let qcow2 = raw.with_extension("qcow2");
    run("qemu-img", &["convert", "-c", "-f", "raw", "-O", "qcow2", raw.to_str().unwrap(), qcow2.to_str().unwrap()]);
    qcow2
}

/// A server of one file, which answers each request by what `answer` makes of its path and its `Authorization`.
pub(crate) fn serve(answer: impl Fn(&str, &str, TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let (mut path, mut authorization) = (String::new(), String::new());
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap();
                if line.is_empty() {
                    break;
                }
                if let Some(rest) = line.strip_prefix("GET ") {
                    path = rest.split(' ').next().unwrap().to_owned();
                }
                if let Some(rest) = line.to_lowercase().strip_prefix("authorization: ") {
                    authorization = rest.to_owned();
                }
            }
            answer(&path, &authorization, stream);
        }
    });
    format!("127.0.0.1:{}", address.port())
}

pub(crate) fn respond(mut stream: impl Write, status: &str, fields: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{fields}\r\n", body.len());
    // A client that refuses may be gone already.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

#[test]
fn local_files_become_images_that_hold_what_qemu_reads_in_them() {
    let (temp, images) = data();
    let raw = images.join("disk.raw");
    std::fs::write(&raw, sample_disk(1)).unwrap();
    let qcow2 = to_qcow2(&raw);
    let server = Server::start(temp.path());
    let image = add(&server, &json!({"url": qcow2, "format": "qcow2", "platform": "Paravirtualization"})).inventory();
    assert_eq!(image["url"], json!(format!("file://{}", qcow2.display())));
    assert_eq!((&image["status"], &image["mediaType"]), (&json!("Ready"), &json!("RootVolumeTemplate")));
    assert_eq!((&image["platform"], &image["guestOsType"]), (&json!("Other"), &json!("Other")));
    assert_eq!((&image["virtio"], &image["format"]), (&json!(true), &json!("qcow2")));
    // qemu-img rounds sizes up to whole sectors.
    assert_eq!(image["size"], json!(sample_disk(1).len().next_multiple_of(512)));
    assert!(server.download(&text(&image["uuid"]), "raw")[..sample_disk(1).len()] == sample_disk(1));
    let url = format!("file://{}", raw.display());
    let image = add(&server, &json!({"url": url, "format": "raw", "mediaType": "DataVolumeTemplate"})).inventory();
    assert!(image.get("platform").is_none() && image.get("guestOsType").is_none());
    let uuid = text(&image["uuid"]);
    assert!(server.download(&uuid, "raw") == sample_disk(1));
    assert!(qcow2_content(&server.download(&uuid, "qcow2"))[..sample_disk(1).len()] == sample_disk(1));
}

#[test]
fn files_that_may_not_be_read_and_files_of_another_format_make_no_image() {
    let (temp, images) = data();
    std::fs::write(images.join("disk.raw"), sample_disk(1)).unwrap();
    let qcow2 = to_qcow2(&images.join("disk.raw"));
    let overlay = images.join("overlay.qcow2");
    let arguments = ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", qcow2.to_str().unwrap()];
    run("qemu-img", &[&arguments[..], &[overlay.to_str().unwrap()]].concat());
    std::os::unix::fs::symlink("/etc", images.join("etc")).unwrap();
    let server = Server::start(temp.path());
    let base = images.parent().unwrap();
    for path in [
        PathBuf::from("/etc/passwd"),
        base.join("imprint.db"),
        base.join("volumes/x.raw"),
        base.join("store/store.json"),
        images.join("../imprint.db"),
        images.join("etc/passwd"),
    ] {
        let reply = add(&server, &json!({"url": path, "format": "raw"}));
        let (code, details) = reply.error();
        let is_link = path.starts_with(images.join("etc"));
        assert!(code == "SYS.1007" || (is_link && code == "SYS.1002"), "{}: {code} {details}", path.display());
    }
    refused(&add(&server, &json!({"url": qcow2, "format": "raw"})), "begins like a qcow2");
    refused(&add(&server, &json!({"url": images.join("disk.raw"), "format": "qcow2"})), "does not begin like one");
    refused(&add(&server, &json!({"url": overlay, "format": "qcow2"})), "backing file");
    refused(&add(&server, &json!({"url": images.join("none"), "format": "raw"})), "does not exist");
    let refusals = [
        (json!({"url": "gopher://x/y", "format": "raw"}), "SYS.1007", "url"),
        (json!({"url": "http://[x/y", "format": "raw"}), "SYS.1007", "url"),
        (json!({"url": qcow2}), "SYS.1007", "format"),
        (json!({"url": qcow2, "format": "vmdk"}), "SYS.1007", "format"),
        (json!({"url": qcow2, "format": "qcow2", "type": "other"}), "SYS.1007", "type"),
        (json!({"url": qcow2, "mediaType": "ISO", "system": true}), "SYS.1007", "system"),
        (json!({"url": "ftp://x/y", "format": "raw"}), "SYS.1014", "http"),
        (json!({"url": qcow2, "format": "qcow2", "backupStorageUuids": [UNKNOWN]}), "SYS.1003", UNKNOWN),
    ];
    for (params, code, part) in refusals {
        add(&server, &params).refused(code, &[part]);
    }
    assert!(server.query("/zstack/v1/images").is_empty());
}

#[test]
fn a_cd_image_is_one_whatever_was_said_and_is_kept_byte_for_byte() {
    let (temp, images) = data();
    let mut iso = noise(3, 1 << 20);
    iso[0x8001..0x8006].copy_from_slice(b"CD001");
    iso.extend(noise(4, 777));
    std::fs::write(images.join("a.iso"), &iso).unwrap();
    std::fs::write(images.join("disk.raw"), sample_disk(2)).unwrap();
    let qcow2 = to_qcow2(&images.join("disk.raw"));
    let server = Server::start(temp.path());
    let declared = add(&server, &json!({"url": images.join("a.iso"), "mediaType": "ISO"})).inventory();
    let found = add(&server, &json!({"url": images.join("a.iso"), "format": "raw"})).inventory();
    for image in [declared, found] {
        assert_eq!((&image["mediaType"], &image["format"]), (&json!("ISO"), &json!("iso")));
        assert!(server.download(&text(&image["uuid"]), "raw") == iso);
    }
    let template = add(&server, &json!({"url": qcow2, "mediaType": "ISO"})).inventory();
    assert_eq!((&template["mediaType"], &template["format"]), (&json!("RootVolumeTemplate"), &json!("qcow2")));
    assert!(server.download(&text(&template["uuid"]), "raw")[..sample_disk(2).len()] == sample_disk(2));
}

#[test]
fn images_are_fetched_over_http_and_passwords_are_not_shown() {
    let (temp, images) = data();
    std::fs::write(images.join("disk.raw"), sample_disk(5)).unwrap();
    let qcow2 = std::fs::read(to_qcow2(&images.join("disk.raw"))).unwrap();
    let host = serve(move |path, authorization, stream| match path {
        "/moved" => respond(stream, "302 Found", "Location: /disk.qcow2\r\n", b""),
        "/secret" if authorization != "basic dtpzzwnyzxq=" => respond(stream, "401 Unauthorized", "", b""),
        "/loop" => respond(stream, "302 Found", "Location: /loop\r\n", b""),
        "/cut" => {
            let mut stream = stream;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nnot all of it");
        }
        "/none" => respond(stream, "404 Not Found", "", b"nothing here"),
        _ => respond(stream, "200 OK", "", &qcow2),
    });
    let server = Server::start_with(temp.path(), &["--allow-private-image-urls"]);
    let fetch = |path: &str| add(&server, &json!({"url": format!("http://{host}{path}"), "format": "qcow2"}));
    let image = fetch("/moved").inventory();
    assert_eq!(image["url"], json!(format!("http://{host}/moved")));
    assert!(server.download(&text(&image["uuid"]), "raw")[..sample_disk(5).len()] == sample_disk(5));
    let url = format!("http://u:secret@{host}/secret");
    let reply = add(&server, &json!({"url": url, "format": "qcow2"}));
    assert!(!reply.text.contains(":secret@"), "{}", reply.text);
    assert_eq!(reply.inventory()["url"], json!(format!("http://u@{host}/secret")));
    refused(&fetch("/none"), "404");
    refused(&fetch("/loop"), "redirect");
    refused(&fetch("/cut"), "request failed");
    assert_eq!(server.query("/zstack/v1/images").len(), 2);
}

#[test]
fn private_addresses_and_files_over_the_limit_are_not_fetched() {
    let (temp, _) = data();
    let host = serve(|path, _, stream| match path {
        // Its length is not said: it only shows when it has come.
        "/endless" => {
            let mut stream = stream;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            while stream.write_all(&vec![0; 65536]).is_ok() {}
        }
        _ => respond(stream, "200 OK", "", &vec![7; 2 << 20]),
    });
    let port = host.split(':').nth(1).unwrap().to_owned();
    let server = Server::start(temp.path());
    for name in ["127.0.0.1", "[::1]", "0x7f.1", "localhost"] {
        let reply = add(&server, &json!({"url": format!("http://{name}:{port}/x"), "format": "raw"}));
        reply.refused("SYS.1002", &[]);
        let details = text(&reply.json()["error"]["cause"]["details"]);
        assert!(details.contains("private") || details.contains("public"), "{name}: {details}");
    }
    server.terminate();
    let server = Server::start_with(temp.path(), &["--allow-private-image-urls", "--max-image-size", "1MiB"]);
    for path in ["/x", "/endless"] {
        refused(&add(&server, &json!({"url": format!("http://{host}{path}"), "format": "raw"})), "max-image-size");
    }
    assert!(server.query("/zstack/v1/images").is_empty());
}

/// A file that does not come to its end until the test says so.
fn slow_file() -> (String, Receiver<()>, Sender<()>) {
    let (begun, has_begun) = channel();
    let (end, ended) = channel::<()>();
    let host = serve(move |_, _, mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nsome");
        begun.send(()).unwrap();
        let _ = ended.recv();
    });
    (host, has_begun, end)
}

#[test]
fn an_image_that_is_deleted_while_it_is_fetched_is_gone_and_the_call_says_so() {
    let (temp, _) = data();
    let (host, has_begun, _end) = slow_file();
    let server = Server::start_with(temp.path(), &["--allow-private-image-urls", "--sync-wait", "10ms"]);
    let params = json!({"name": "slow", "url": format!("http://{host}/x"), "format": "raw",
        "backupStorageUuids": [server.backup_storage()]});
    let reply = server.post("/zstack/v1/images", &json!({ "params": params }));
    has_begun.recv().unwrap();
    let image = server.query("/zstack/v1/images")[0].clone();
    assert_eq!(image["status"], "Downloading");
    assert_eq!((&image["backupStorageRefs"][0]["status"], &image["size"]), (&json!("Downloading"), &json!(0)));
    let uuid = text(&image["uuid"]);
    let export = json!({"exportImageFromBackupStorage": {"imageUuid": uuid}});
    let actions = format!("/zstack/v1/backup-storage/{}/actions", server.backup_storage());
    server.finish(server.put(&actions, &export)).refused("SYS.1006", &[&uuid, "Downloading"]);
    server.finish(server.delete(&format!("/zstack/v1/images/{uuid}"))).ok();
    assert!(server.query("/zstack/v1/images").is_empty());
    server.finish(reply).refused("SYS.1006", &[&uuid, "deleted"]);
}

#[test]
fn a_long_job_that_adds_an_image_tells_its_progress_and_when_it_is_cancelled_leaves_nothing() {
    let (temp, _) = data();
    let (host, has_begun, _end) = slow_file();
    let server = Server::start_with(temp.path(), &["--allow-private-image-urls"]);
    let data = json!({"name": "slow", "url": format!("http://{host}/x"), "format": "raw",
        "backupStorageUuids": [server.backup_storage()]});
    let params = json!({"jobName": "APIAddImageMsg", "jobData": data.to_string()});
    let job = server.post("/zstack/v1/longjobs", &json!({ "params": params })).inventory();
    has_begun.recv().unwrap();
    let api = text(&job["apiId"]);
    let progress = server.get(&format!("/zstack/v1/task-progresses/{api}")).ok();
    let progress = progress["inventories"][0].clone();
    assert_eq!(progress["taskName"].as_str().or(progress["content"].as_str()).map(str::is_empty), Some(false));
    let uuid = text(&job["uuid"]);
    server.put(&format!("/zstack/v1/longjobs/{uuid}/actions"), &json!({"cancelLongJob": {}})).ok();
    until_job_is(&server, &uuid, "Canceled");
    assert!(server.query("/zstack/v1/images").is_empty());
}

#[test]
fn one_storage_that_fails_fails_the_whole_and_the_others_go_on() {
    let (temp, images) = data();
    std::fs::write(images.join("disk.raw"), sample_disk(9)).unwrap();
    let server = Server::start(temp.path());
    let second = temp.path().canonicalize().unwrap().join("second");
    let body =
        json!({"params": {"name": "second", "url": second, "hostname": "localhost", "username": "u", "password": "p"}});
    let storage = text(&server.finish(server.post("/zstack/v1/backup-storage/image-store", &body)).inventory()["uuid"]);
    // Nothing can be written where its segments lie.
    std::fs::remove_dir_all(second.join("segments")).unwrap();
    std::fs::write(second.join("segments"), "").unwrap();
    let params = json!({"url": images.join("disk.raw"), "format": "raw",
        "backupStorageUuids": [server.backup_storage(), storage]});
    refused(&add(&server, &params), &storage);
    assert!(server.query("/zstack/v1/images").is_empty());
    let image = add(&server, &json!({"url": images.join("disk.raw"), "format": "raw"})).inventory();
    assert!(server.download(&text(&image["uuid"]), "raw") == sample_disk(9));
}

#[test]
fn an_image_that_was_being_fetched_when_the_server_died_is_taken_back() {
    let (temp, _) = data();
    let (host, has_begun, _end) = slow_file();
    let server = Server::start_with(temp.path(), &["--allow-private-image-urls", "--sync-wait", "10ms"]);
    let params = json!({"name": "slow", "url": format!("http://{host}/x"), "format": "raw",
        "backupStorageUuids": [server.backup_storage()]});
    server.post("/zstack/v1/images", &json!({ "params": params }));
    has_begun.recv().unwrap();
    let before = names(temp.path());
    server.kill();
    assert_eq!(names(temp.path()), before, "the file that was fetched has a name");
    let server = Server::start(temp.path());
    assert!(server.query("/zstack/v1/images").is_empty());
}

fn names(directory: &Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

/// An image that waits for its file, and where to send it.
pub(crate) fn begin_upload(server: &Server, format: &str) -> (String, String) {
    let image = add(server, &json!({"url": "upload://disk", "format": format})).inventory();
    assert_eq!((&image["status"], &image["url"]), (&json!("Downloading"), &json!("upload://disk")));
    let url = text(&image["backupStorageRefs"][0]["installPath"]);
    (text(&image["uuid"]), url.strip_prefix(&server.base).unwrap().to_owned())
}

pub(crate) fn send(server: &Server, method: &str, path: &str, fields: &[(&str, &str)], body: Vec<u8>) -> Reply {
    let mut request = server.request(method, path).body(body);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    Server::send(request)
}

pub(crate) fn until_made(server: &Server, path: &str) -> Value {
    let found = || send(server, "GET", path, &[], Vec::new()).ok();
    eventually("the image to be made", || Some(found()).filter(|found| found["state"] != "Writing"))
}

#[test]
fn a_file_is_uploaded_in_parts_and_continued_where_it_broke_off() {
    let (temp, images) = data();
    std::fs::write(images.join("disk.raw"), sample_disk(7)).unwrap();
    let file = std::fs::read(to_qcow2(&images.join("disk.raw"))).unwrap();
    let server = Server::start(temp.path());
    let (image, path) = begin_upload(&server, "qcow2");
    let details = |server: &Server| {
        let reply = server.get(&format!("/zstack/v1/images/upload-job/details/{image}")).ok();
        assert_eq!(reply["success"], true);
        reply["existingJobDetails"][0].clone()
    };
    assert_eq!((&details(&server)["offset"], &details(&server)["longJobState"]), (&json!(0), &json!("Running")));
    assert_eq!(details(&server)["imageUploadUrl"], json!(format!("{}{path}", server.base)));
    let total = file.len();
    let first = format!("bytes 0-999/{total}");
    let reply = send(&server, "PUT", &path, &[("Content-Range", &first)], file[..1000].to_vec());
    assert_eq!(reply.ok(), json!({"offset": 1000, "length": total, "state": "Receiving"}));
    assert_eq!(reply.headers["upload-offset"], "1000");
    // A client that is cut off has sent what has arrived.
    let mut cut = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).unwrap();
    let head = format!("PATCH {path} HTTP/1.1\r\nHost: x\r\nUpload-Offset: 1000\r\nContent-Length: 100000\r\n\r\n");
    cut.write_all(head.as_bytes()).unwrap();
    cut.write_all(&file[1000..3000]).unwrap();
    cut.shutdown(std::net::Shutdown::Both).unwrap();
    let head = || send(&server, "HEAD", &path, &[], Vec::new());
    let head = eventually("3,000 bytes", || Some(head()).filter(|reply| reply.headers["upload-offset"] == "3000"));
    assert_eq!(head.headers["upload-length"], total.to_string().as_str());
    let wrong = send(&server, "PATCH", &path, &[("Upload-Offset", "1000")], file[1000..].to_vec());
    assert_eq!((wrong.status, &wrong.headers["upload-offset"]), (409, &"3000".parse().unwrap()));
    let base64 = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&file));
    let digest = format!("sha-256=:{base64}:");
    let fields = [("Upload-Offset", "3000"), ("Repr-Digest", digest.as_str())];
    let reply = send(&server, "PATCH", &path, &fields, file[3000..].to_vec());
    assert_eq!(reply.ok()["offset"], json!(total));
    assert_eq!(until_made(&server, &path)["state"], "Ready");
    let row = server.query(&format!("/zstack/v1/images?q=uuid={image}"))[0].clone();
    assert_eq!((&row["status"], &row["backupStorageRefs"][0]["status"]), (&json!("Ready"), &json!("Ready")));
    assert!(text(&row["backupStorageRefs"][0]["installPath"]).starts_with("zstore://"));
    assert!(server.download(&image, "raw")[..sample_disk(7).len()] == sample_disk(7));
    assert_eq!(details(&server)["longJobState"], "Succeeded");
    assert_eq!(send(&server, "PUT", &path, &[], file).status, 409);
}

#[test]
fn a_file_that_arrives_damaged_is_sent_again_and_one_that_is_no_disk_makes_no_image() {
    let (temp, _) = data();
    let server = Server::start(temp.path());
    let (image, path) = begin_upload(&server, "raw");
    let file = sample_disk(8);
    let base64 = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&file));
    let digest = format!("sha-256=:{base64}:");
    let mut damaged = file.clone();
    damaged[12345] ^= 1;
    let reply = send(&server, "PUT", &path, &[("Repr-Digest", &digest)], damaged);
    assert_eq!(reply.status, 400, "{}", reply.text);
    assert!(reply.text.contains("byte 0"), "{}", reply.text);
    let reply = send(&server, "PUT", &path, &[("Repr-Digest", &digest)], file.clone());
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(until_made(&server, &path)["state"], "Ready");
    assert!(server.download(&image, "raw") == file);
    let (image, path) = begin_upload(&server, "qcow2");
    send(&server, "PUT", &path, &[], file).ok();
    let failed = until_made(&server, &path);
    assert_eq!(failed["state"], "Failed");
    assert!(text(&failed["reason"]).contains("qcow2"), "{failed}");
    assert!(server.query(&format!("/zstack/v1/images?q=uuid={image}")).is_empty());
}

#[test]
fn uploads_end_with_their_images_and_with_the_server_and_obey_the_limit() {
    let (temp, _) = data();
    let server = Server::start_with(temp.path(), &["--max-image-size", "1MiB"]);
    let (image, path) = begin_upload(&server, "raw");
    assert_eq!(send(&server, "PUT", &path, &[], vec![1; (1 << 20) + 1]).status, 413);
    assert_eq!(send(&server, "PUT", &path, &[("Content-Range", "bytes 0-9/10")], vec![1; 11]).status, 400);
    assert_eq!(send(&server, "POST", &path, &[], Vec::new()).status, 405);
    assert_eq!(send(&server, "GET", &format!("{path}x"), &[], Vec::new()).status, 404);
    server.delete(&format!("/zstack/v1/images/{image}")).ok();
    assert_eq!(send(&server, "GET", &path, &[], Vec::new()).status, 404);
    assert_eq!(send(&server, "PUT", &path, &[], vec![1; 10]).status, 404);
    let (_, path) = begin_upload(&server, "raw");
    assert_eq!(send(&server, "PATCH", &path, &[("Upload-Offset", "0")], vec![1; 10]).status, 200);
    server.kill();
    let server = Server::start(temp.path());
    assert!(server.query("/zstack/v1/images").is_empty());
    assert_eq!(send(&server, "GET", &path, &[], Vec::new()).status, 404);
}
