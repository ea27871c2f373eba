//! `kill -9` of the real server while volumes are written: a volume is whole, or is made whole, or is not there.

use crate::restores::{content, revert};
use crate::server::{Server, data_with, noise, text};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Sends a call, kills the server after `delay`, and answers whether its 200 came first.
pub(crate) fn call_and_kill(server: Server, method: &str, path: &str, body: &Value, delay: Duration) -> bool {
    let until = Instant::now() + delay;
    call_and_kill_when(server, method, path, body, || Instant::now() >= until)
}

/// The same, as soon as the moment has come.
pub(crate) fn call_and_kill_when(
    server: Server,
    method: &str,
    path: &str,
    body: &Value,
    has_come: impl Fn() -> bool,
) -> bool {
    let request = server
        .request(method, path)
        .header("Authorization", format!("OAuth {}", server.session()))
        .body(body.to_string());
    let call = std::thread::spawn(move || request.send().is_ok_and(|response| response.status() == 200));
    while !has_come() && !call.is_finished() {
        std::thread::yield_now();
    }
    server.kill();
    call.join().unwrap()
}

/// Up to 33 ms, longer than a revert or restore of these tests takes.
pub(crate) fn random_delay(seed: u64) -> Duration {
    Duration::from_micros(noise(seed, 2).iter().fold(0, |sum, byte| sum * 256 + u64::from(*byte)) / 2)
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_revert_that_was_killed_is_ended_by_the_next_start_before_a_backup_is_taken() {
    let old = noise(1, 24 << 20);
    let new = noise(2, 24 << 20);
    let (temp, path) = data_with("disk.raw", &old);
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let backup = text(&server.backup(&volume)["uuid"]);
    server.kill();
    let mut cut_short = 0;
    for round in 0..25 {
        std::fs::write(&path, &new).unwrap();
        let server = Server::start(temp.path());
        let action = format!("/zstack/v1/volume-backups/{backup}/actions");
        let body = json!({"revertVolumeFromVolumeBackup": {}});
        let acknowledged = call_and_kill(server, "PUT", &action, &body, random_delay(round));
        let found = std::fs::read(&path).unwrap();
        if acknowledged {
            assert!(found == old, "round {round}");
        }
        let half_done = found != old && found != new;
        cut_short += u32::from(half_done);
        // A backup that is taken is of one of the two states.
        let server = Server::start(temp.path());
        let taken = loop {
            let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
            let reply = server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body));
            if reply.status == 200 {
                break text(&reply.inventory()["uuid"]);
            }
            reply.refused("SYS.1006", &[&volume]);
            std::thread::yield_now();
        };
        let image = text(&server.template(&taken, "check").inventory()["uuid"]);
        let stored = server.download(&image, "raw");
        assert!(stored == old || (stored == new && !half_done), "round {round}");
        revert(&server, &backup).ok();
        assert!(std::fs::read(&path).unwrap() == old, "round {round}");
        server.kill();
    }
    assert!(cut_short > 2, "too few reverts were cut short to tell: {cut_short}");
}

#[test]
fn a_blank_volume_whose_making_was_killed_is_whole_or_not_there_and_its_file_too() {
    let temp = tempfile::tempdir().unwrap();
    let directory = temp.path().join("volumes");
    let body = json!({"params": {"name": "blank", "diskSize": 1 << 30}});
    let (mut made, mut cut_short) = (0, 0);
    for round in 0..12 {
        let server = Server::start(temp.path());
        let before = files(&directory);
        // As soon as there is a file, whatever its name, and a little later each time.
        let appeared = std::cell::Cell::new(None);
        let has_come = || {
            if appeared.get().is_none() && files(&directory) != before {
                appeared.set(Some(Instant::now()));
            }
            appeared.get().is_some_and(|at| at.elapsed() >= Duration::from_micros(300 * round))
        };
        let acknowledged = call_and_kill_when(server, "POST", "/zstack/v1/volumes/data", &body, has_come);
        let server = Server::start(temp.path());
        let volumes = server.query("/zstack/v1/volumes");
        let mut expected: Vec<_> = volumes.iter().map(|volume| format!("{}.qcow2", text(&volume["uuid"]))).collect();
        expected.sort();
        assert_eq!(files(&directory), expected, "round {round}");
        assert!(volumes.iter().all(|row| row["status"] == "Ready" && row["size"] == 1 << 30), "round {round}");
        assert!(!acknowledged || volumes.len() > made, "round {round}");
        cut_short += u32::from(volumes.len() == made);
        made = volumes.len();
        server.kill();
    }
    assert!(cut_short > 0, "none was cut short");
}

#[test]
fn a_volume_whose_making_was_killed_is_whole_or_not_there() {
    let disk = noise(3, 24 << 20);
    let (temp, path) = data_with("disk.raw", &disk);
    let directory = path.parent().unwrap();
    let server = Server::start(temp.path());
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    server.kill();
    let mut cut_short = 0;
    for round in 0..25 {
        let server = Server::start(temp.path());
        let make = format!("/zstack/v1/volumes/data-volume/from/volume-template/{backup}");
        let body = json!({"params": {"name": "made"}});
        call_and_kill(server, "POST", &make, &body, random_delay(round + 100));
        cut_short += u32::from(files(directory).iter().any(|name| name.contains("draft")));
        let server = Server::start(temp.path());
        let volumes = server.query("/zstack/v1/volumes?q=name=made");
        let mut expected: Vec<_> = volumes.iter().map(|volume| format!("{}.qcow2", text(&volume["uuid"]))).collect();
        expected.push("disk.raw".to_owned());
        expected.sort();
        assert_eq!(files(directory), expected, "round {round}");
        for volume in volumes {
            assert_eq!(volume["status"], "Ready", "round {round}");
            assert!(content(Path::new(&text(&volume["installPath"]))) == disk, "round {round}");
            let uuid = text(&volume["uuid"]);
            server.finish(server.delete(&format!("/zstack/v1/volumes/{uuid}"))).ok();
            let expunge = json!({"expungeDataVolume": {}});
            server.finish(server.put(&format!("/zstack/v1/volumes/{uuid}/actions"), &expunge)).ok();
        }
        assert_eq!(files(directory), ["disk.raw"]);
        server.kill();
    }
    assert!(cut_short > 2, "too few were cut short to tell: {cut_short}");
}
