//! What becomes of images and volumes that are deleted, as the settings say it.

use crate::server::{Server, data_with, sample_disk, text};
use crate::waiting;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// An image, and a volume whose file is ours.
struct Things {
    image: String,
    volume: String,
    file: PathBuf,
}

fn make(server: &Server) -> Things {
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let body = json!({"params": {"name": "v", "diskSize": 1 << 20}});
    let volume = server.finish(server.post("/zstack/v1/volumes/data", &body)).inventory();
    Things {
        image: text(&server.template(&backup, "t").inventory()["uuid"]),
        volume: text(&volume["uuid"]),
        file: PathBuf::from(text(&volume["installPath"])),
    }
}

fn delete(server: &Server, things: &Things) {
    server.finish(server.delete(&format!("/zstack/v1/images/{}", things.image))).ok();
    server.finish(server.delete(&format!("/zstack/v1/volumes/{}", things.volume))).ok();
}

/// The statuses of both; null once they are gone.
fn statuses(server: &Server, things: &Things) -> [Value; 2] {
    let status = |path: String| server.query(&path).first().map_or(Value::Null, |row| row["status"].clone());
    [
        status(format!("/zstack/v1/images?q=uuid={}", things.image)),
        status(format!("/zstack/v1/volumes?q=uuid={}", things.volume)),
    ]
}

/// A restart tidies up at once.
fn restarted(server: Server, data: &Path, arguments: &[&str], until: impl Fn(&Server) -> bool) -> Server {
    server.kill();
    let server = Server::start_with(data, arguments);
    waiting::until("what a restart does", || until(&server));
    server
}

#[test]
fn what_is_deleted_with_a_delay_is_expunged_once_its_time_is_over() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let things = make(&server);
    delete(&server, &things);
    assert_eq!(statuses(&server, &things), ["Deleted", "Deleted"]);
    // Three days are not over.
    let server = restarted(server, temp.path(), &[], |_| true);
    assert_eq!(statuses(&server, &things), ["Deleted", "Deleted"]);
    let over = ["--expunge-period", "0s"];
    let gone = |server: &Server| statuses(server, &things) == [Value::Null, Value::Null];
    restarted(server, temp.path(), &over, gone);
    assert!(!things.file.exists());
}

#[test]
fn what_is_deleted_directly_is_gone_at_once() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let direct = ["--image-deletion-policy", "direct", "--volume-deletion-policy", "direct"];
    let server = Server::start_with(temp.path(), &direct);
    let things = make(&server);
    delete(&server, &things);
    assert_eq!(statuses(&server, &things), [Value::Null, Value::Null]);
    assert!(!things.file.exists());
    delete(&server, &things);
}

#[test]
fn what_is_never_expunged_can_be_recovered_whenever_it_was_deleted() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let never = ["--image-deletion-policy", "never", "--volume-deletion-policy", "never", "--expunge-period", "0s"];
    let server = Server::start_with(temp.path(), &never);
    let things = make(&server);
    delete(&server, &things);
    // What a first round would do is done before this one answers: it is asked for twice.
    let server =
        restarted(server, temp.path(), &never, |server| !server.query("/zstack/v1/management-nodes").is_empty());
    let server =
        restarted(server, temp.path(), &never, |server| !server.query("/zstack/v1/management-nodes").is_empty());
    assert_eq!(statuses(&server, &things), ["Deleted", "Deleted"]);
    let recover = |path: String, action: &str| {
        server.finish(server.put(&format!("/zstack/v1/{path}/actions"), &json!({action: {}}))).inventory()["status"]
            .clone()
    };
    assert_eq!(recover(format!("images/{}", things.image), "recoverImage"), "Ready");
    assert_eq!(recover(format!("volumes/{}", things.volume), "recoverDataVolume"), "Ready");
    assert!(things.file.exists());
}

#[test]
fn a_delete_mode_that_there_is_not_is_refused_whether_there_is_something_to_delete_or_not() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    for path in ["images", "volumes", "volume-backups", "backup-storage", "primary-storage", "accounts", "zones"] {
        let absent = format!("/zstack/v1/{path}/0123456789ab4def8123456789abcdef");
        let delete = |mode: &str| server.finish(server.delete(&format!("{absent}?deleteMode={mode}")));
        delete("Gently").refused("SYS.1000", &["Gently"]);
        assert_eq!(delete("Enforcing").ok(), json!({}), "{path}");
    }
}
