//! What only some may see: links that need no other right, and passwords in URLs.

use crate::added_images::{begin_upload, respond, send, serve, until_made};
use crate::server::{Reply, Server, data_with, sample_disk, text};
use crate::waiting::{until, until_job_is};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn share(server: &Server, resource: &str) {
    let body = json!({"shareResource": {"resourceUuids": [resource], "toPublic": true}});
    server.put("/zstack/v1/accounts/resources/actions", &body).ok();
}

fn give(server: &Server, resource: &str, account: &str) {
    let body = json!({"params": {"resourceUuid": resource}});
    server.post(&format!("/zstack/v1/account/{account}/resources"), &body).ok();
}

/// The reference of an image as an account sees it.
fn reference(server: &Server, session: &str, image: &str) -> Value {
    let found = server.call_as(session, "GET", &format!("/zstack/v1/images/{image}"), &Value::Null).ok();
    found["inventories"][0]["backupStorageRefs"][0].clone()
}

/// How many images a query of an account finds.
fn found(server: &Server, session: &str, condition: &str) -> usize {
    let reply = server.call_as(session, "GET", &format!("/zstack/v1/images?q={condition}"), &Value::Null).ok();
    reply["inventories"].as_array().unwrap().len()
}

#[test]
fn the_link_of_an_upload_is_shown_to_the_images_owner_and_the_administrator_alone() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let ((_, as_ann), (bob, as_bob)) = (server.account("ann"), server.account("bob"));
    let params = json!({"name": "awaited", "url": "upload://disk", "format": "raw",
        "backupStorageUuids": [server.backup_storage()]});
    let begun = server.finish(server.call_as(&as_ann, "POST", "/zstack/v1/images", &json!({"params": params})));
    let image = begun.inventory();
    let uuid = text(&image["uuid"]);
    let link = text(&image["backupStorageRefs"][0]["installPath"]);
    let path = link.strip_prefix(&server.base).unwrap().to_owned();
    share(&server, &uuid);
    let details = |session: &str| {
        let path = format!("/zstack/v1/images/upload-job/details/{uuid}");
        server.call_as(session, "GET", &path, &Value::Null).ok()["existingJobDetails"].clone()
    };
    for session in [&as_ann, server.session()] {
        assert_eq!(reference(&server, session, &uuid)["installPath"], link.as_str());
        assert_eq!(details(session)[0]["imageUploadUrl"], link.as_str());
    }
    assert_eq!(reference(&server, &as_bob, &uuid)["installPath"], "");
    assert_eq!(details(&as_bob), json!([]));
    let zql = server.call_as(&as_bob, "GET", "/zstack/v1/zql?zql=query+image", &Value::Null);
    assert!(!zql.text.contains("uploads") && zql.text.contains(&uuid), "{}", zql.text);
    for condition in ["backupStorageRefs.installPath~=%25uploads%25", "backupStorageRefs.installPath~=http%25"] {
        assert_eq!(found(&server, &as_bob, condition), 0);
    }
    let changed = json!({"updateImage": {"description": "d"}});
    let changed = server.call_as(&as_ann, "PUT", &format!("/zstack/v1/images/{uuid}/actions"), &changed);
    assert_eq!(server.finish(changed).inventory()["backupStorageRefs"][0]["installPath"], link.as_str());

    // Whoever gives it away has no link to it any more.
    assert_eq!(send(&server, "PUT", &path, &[("Content-Range", "bytes 0-3/8")], b"disk".to_vec()).status, 200);
    give(&server, &uuid, &bob);
    assert_eq!(send(&server, "GET", &path, &[], Vec::new()).status, 404);
    assert_eq!(send(&server, "PATCH", &path, &[("Upload-Offset", "4")], b"disk".to_vec()).status, 404);
    assert_eq!(reference(&server, &as_ann, &uuid)["installPath"], "");
    assert_eq!(details(&as_ann), json!([]));
    let link = text(&reference(&server, &as_bob, &uuid)["installPath"]);
    assert_eq!(details(&as_bob)[0]["imageUploadUrl"], link.as_str());
    let path = link.strip_prefix(&server.base).unwrap();
    assert_eq!(send(&server, "PATCH", path, &[("Upload-Offset", "4")], b"disk".to_vec()).status, 200);
    assert_eq!(until_made(&server, path)["state"], "Ready");
    assert!(text(&reference(&server, &as_ann, &uuid)["installPath"]).starts_with("zstore://"));
}

#[test]
fn the_result_of_a_long_job_that_awaits_a_file_does_not_hold_its_link() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let data = json!({"name": "awaited", "url": "upload://disk", "format": "raw",
        "backupStorageUuids": [server.backup_storage()]});
    let params = json!({"jobName": "APIAddImageMsg", "jobData": data.to_string()});
    let job = text(&server.post("/zstack/v1/longjobs", &json!({ "params": params })).inventory()["uuid"]);
    let result = text(&until_job_is(&server, &job, "Succeeded")["jobResult"]);
    let result: Value = serde_json::from_str(&result).unwrap();
    assert_eq!(result["inventory"]["backupStorageRefs"][0]["installPath"], "");
    let image = text(&result["inventory"]["uuid"]);
    let link = text(&reference(&server, server.session(), &image)["installPath"]);
    let path = link.strip_prefix(&server.base).unwrap();
    assert_eq!(send(&server, "PUT", path, &[], b"disk".to_vec()).status, 200);
    assert_eq!(until_made(&server, path)["state"], "Ready");
}

#[test]
fn a_client_that_stalls_is_answered_when_its_image_is_deleted_and_nothing_of_the_file_is_kept() {
    use std::io::{Read, Write};
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let files = || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", server.process())).unwrap();
        let names = open.filter_map(|it| std::fs::read_link(it.unwrap().path()).ok());
        names.filter(|name| name.to_string_lossy().ends_with("(deleted)")).count()
    };
    let before = files();
    let (image, path) = begin_upload(&server, "raw");
    assert_eq!(files(), before + 1);
    let mut stalled = std::net::TcpStream::connect(server.base.strip_prefix("http://").unwrap()).unwrap();
    let head = format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\nConnection: close\r\n\r\n");
    stalled.write_all(head.as_bytes()).unwrap();
    stalled.write_all(&vec![7; 2 << 20]).unwrap();
    until("the first bytes", || send(&server, "GET", &path, &[], Vec::new()).ok()["offset"] != 0);
    let begun = Instant::now();
    server.delete(&format!("/zstack/v1/images/{image}")).ok();
    let mut answer = String::new();
    stalled.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(30), "the client's patience was waited for");
    assert_eq!(files(), before);
}

#[test]
fn only_the_owner_exports_an_image_and_a_link_ends_with_the_owners_right() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let ((ann, as_ann), (bob, as_bob)) = (server.account("ann"), server.account("bob"));
    let backup = server.backup(&server.volume("disk.raw", "raw"));
    let image = text(&server.template(&text(&backup["uuid"]), "t").inventory()["uuid"]);
    give(&server, &image, &ann);
    share(&server, &image);
    let export = |session: &str| -> Reply {
        let body = json!({"exportImageFromBackupStorage": {"imageUuid": image, "exportFormat": "raw"}});
        let path = format!("/zstack/v1/backup-storage/{}/actions", server.backup_storage());
        server.finish(server.call_as(session, "PUT", &path, &body))
    };
    let path_of = |reply: &Reply| text(&reply.ok()["imageUrl"]).strip_prefix(&server.base).unwrap().to_owned();
    let status = |path: &str| Server::send(server.request("HEAD", path)).status;
    let made = export(&as_ann);
    let link = path_of(&made);
    assert_eq!(reference(&server, &as_ann, &image)["exportUrl"], made.ok()["imageUrl"]);
    assert_eq!(reference(&server, server.session(), &image)["exportUrl"], made.ok()["imageUrl"]);
    export(&as_bob).refused("SYS.1006", &["imageUuid", &image]);
    let delete = format!("/zstack/v1/backup-storage/{}/exported-images/{image}", server.backup_storage());
    server.call_as(&as_bob, "DELETE", &delete, &Value::Null).refused("SYS.1006", &[&image]);
    assert!(reference(&server, &as_bob, &image).get("exportUrl").is_none());
    for (session, count) in [(&as_bob, 0), (&as_ann, 1)] {
        assert_eq!(found(&server, session, "backupStorageRefs.exportUrl~=%25exports%25"), count);
    }
    assert_eq!(status(&link), 200);
    give(&server, &image, &bob);
    assert_eq!(status(&link), 404);
    assert!(reference(&server, &as_bob, &image).get("exportUrl").is_none());
    let theirs = path_of(&export(&as_bob));
    let ours = path_of(&export(server.session()));
    assert_eq!((status(&theirs), status(&ours)), (200, 200));
    server.delete(&format!("/zstack/v1/accounts/{bob}")).ok();
    assert_eq!((status(&theirs), status(&ours)), (404, 404));
    assert_eq!(server.download(&image, "raw"), sample_disk(1));
}

#[test]
fn a_long_job_shows_no_password_and_has_it_whenever_it_runs() {
    let temp = tempfile::tempdir().unwrap();
    let host = serve(move |_, authorization, stream| match authorization {
        // u:secret
        "basic dtpzzwnyzxq=" => respond(stream, "200 OK", "", &sample_disk(2)),
        _ => respond(stream, "401 Unauthorized", "", b""),
    });
    let server = Server::start_with(temp.path(), &["--allow-private-image-urls"]);
    let submit = |url: &str| {
        let data = json!({"name": "fetched", "url": url, "format": "raw",
            "backupStorageUuids": [server.backup_storage()]});
        let params = json!({"jobName": "APIAddImageMsg", "jobData": data.to_string()});
        server.post("/zstack/v1/longjobs", &json!({ "params": params }))
    };
    let submitted = submit(&format!("http://u:secret@{host}/disk"));
    assert!(!submitted.text.contains("secret"), "{}", submitted.text);
    let job = text(&submitted.inventory()["uuid"]);
    let done = until_job_is(&server, &job, "Succeeded");
    let data: Value = serde_json::from_str(&text(&done["jobData"])).unwrap();
    assert_eq!(data["url"], json!(format!("http://u@{host}/disk")));
    assert!(!done.to_string().contains("secret"), "{done}");
    server.put(&format!("/zstack/v1/longjobs/{job}/actions"), &json!({"rerunLongJob": {}})).ok();
    until_job_is(&server, &job, "Succeeded");
    let images = server.query("/zstack/v1/images");
    assert_eq!(images.len(), 2);
    assert!(images.iter().all(|image| image["url"] == json!(format!("http://u@{host}/disk"))), "{images:?}");
    assert_eq!(server.download(&text(&images[1]["uuid"]), "raw"), sample_disk(2));
    for condition in ["jobData~=%25secret%25", "jobResult~=%25secret%25"] {
        assert!(server.query(&format!("/zstack/v1/longjobs?q={condition}")).is_empty());
    }
    // What fails tells none either, nor what is refused.
    let failing = text(&submit(&format!("http://u:wrong-secret@{host}/disk")).inventory()["uuid"]);
    let failed = until_job_is(&server, &failing, "Failed");
    assert!(text(&failed["jobResult"]).contains("401") && !failed.to_string().contains("secret"), "{failed}");
    for url in ["http://u:secret@[x/disk", "http://u:sec/secret@h/disk", "gopher://u:secret@h/disk"] {
        let job = submit(url);
        let shown = match job.status {
            200 => until_job_is(&server, &text(&job.inventory()["uuid"]), "Failed").to_string(),
            _ => job.text,
        };
        assert!(!shown.contains("sec"), "{shown}");
    }
    let body = json!({"params": {"jobName": "APIAddImageMsg", "jobData": r#"{"url":"http://u:secret@h/x""#}});
    let refused = server.post("/zstack/v1/longjobs", &body);
    refused.refused("SYS.1007", &["field[jobData]"]);
    assert!(!refused.text.contains("secret"), "{}", refused.text);
}
