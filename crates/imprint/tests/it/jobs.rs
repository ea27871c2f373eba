//! Calls that name a job.

use crate::server::{Server, data_with, noise, sample_disk, template_path, text};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};

const JOB: &str = "c4418f02d7aa4d3ea6b90f5e12837bd1";

fn server_with_backup() -> (tempfile::TempDir, Server, String) {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    (temp, server, backup)
}

fn poll(server: &Server, job: &str) -> crate::server::Reply {
    Server::send(server.request("GET", &format!("/zstack/v1/api-jobs/{job}")).header("Authorization", "OAuth stale"))
}

fn call(server: &Server, path: &str, headers: &[(&str, &str)], body: &Value) -> crate::server::Reply {
    let request = server.request("POST", path).header("Authorization", format!("OAuth {}", server.session()));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Server::send(request.body(body.to_string()))
}

#[test]
fn a_named_job_answers_at_once_and_can_be_polled_but_not_reused() {
    let (_temp, server, backup) = server_with_backup();
    let body = json!({"params": {"name": "n", "backupStorageUuid": server.backup_storage()}});
    let path = template_path(&backup);
    let headers = [("X-Job-UUID", JOB), ("X-JSON-Schema", "true")];
    let reply = call(&server, &path, &headers, &body).ok();
    assert_eq!(reply["schema"]["inventory"], "org.zstack.header.image.ImageInventory");
    let polled = poll(&server, JOB).ok();
    assert_eq!(polled["inventory"], reply["inventory"]);
    assert!(polled.get("schema").is_none());
    let again = call(&server, &path, &headers, &body);
    assert_eq!(again.status, 400);
    assert!(again.text.contains("duplicate"), "{}", again.text);
    assert_eq!(call(&server, &path, &[("X-Job-UUID", "short")], &body).status, 400);
    let unknown = poll(&server, "d4418f02d7aa4d3ea6b90f5e12837bd1");
    assert_eq!((unknown.status, unknown.text.as_str()), (404, "the job has been expired"));
    assert_eq!(server.query("/zstack/v1/images").len(), 1);
}

#[test]
fn a_named_job_that_fails_says_why_when_polled() {
    let (_temp, server, backup) = server_with_backup();
    let body = json!({"params": {"backupStorageUuid": server.backup_storage()}});
    let reply = call(&server, &template_path(&backup), &[("X-Job-UUID", JOB), ("X-API-Timeout", "60")], &body);
    assert_eq!(reply.status, 202);
    assert_eq!(reply.json()["apiTimeout"], 60_000);
    let location = text(&reply.json()["location"]);
    assert!(location.ends_with(&format!("/zstack/v1/api-jobs/{JOB}")), "{location}");
    server.finish(reply).refused("SYS.1007", &["field[name]"]);
}

#[test]
fn work_that_outlives_the_wait_is_followed_at_its_location() {
    let (temp, _) = data_with("disk.raw", &noise(1, 64 << 20));
    let server = Server::start_with(temp.path(), &["--sync-wait", "0s"]);
    let volume = server.volume("disk.raw", "raw");
    let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
    let reply = server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body);
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert!(reply.json()["location"].is_string() && reply.json()["apiTimeout"].is_u64());
    assert_eq!(server.finish(reply).inventory()["status"], "Ready");
}

#[test]
fn a_job_that_ran_when_the_server_died_has_failed_and_its_backup_is_gone() {
    let (temp, _) = data_with("disk.raw", &noise(1, 256 << 20));
    let server = Server::start_with(temp.path(), &["--sync-wait", "0s"]);
    let volume = server.volume("disk.raw", "raw");
    let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
    let reply = server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body);
    let location = text(&reply.json()["location"]);
    let job = location.rsplit('/').next().unwrap().to_owned();
    server.kill();
    let server = Server::start(temp.path());
    let ended = poll(&server, &job);
    if ended.status == 200 {
        assert_eq!(server.query("/zstack/v1/volume-backups").len(), 1);
    } else {
        ended.refused("SYS.1000", &["restart"]);
        assert!(server.query("/zstack/v1/volume-backups").is_empty());
    }
    assert_eq!(server.backup(&volume)["status"], "Ready");
}

#[test]
fn a_web_hook_is_called_with_the_result() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start_with(temp.path(), &["--allow-private-web-hooks=true"]);
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = format!("http://{}/hook", listener.local_addr().unwrap());
    let body = json!({"params": {"name": "n", "backupStorageUuid": server.backup_storage()}});
    let reply = call(&server, &template_path(&backup), &[("X-Web-Hook", &hook)], &body);
    assert_eq!(reply.status, 202);
    // The first try is turned away, so that there must be a second.
    let mut called = None;
    for answer in ["503 Busy", "200 OK"] {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        while reader.read_line(&mut head).unwrap() > 2 {
            let line = head.lines().last().unwrap().to_ascii_lowercase();
            length = line.strip_prefix("content-length: ").map_or(length, |text| text.parse().unwrap());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        called = Some((head.to_ascii_lowercase(), body));
    }
    let (head, body) = called.unwrap();
    assert!(head.contains("x-job-success: true"), "{head}");
    assert!(head.contains("x-job-uuid: "), "{head}");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["inventory"]["status"], "Ready");
}
