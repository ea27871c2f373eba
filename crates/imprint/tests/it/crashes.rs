//! `kill -9` of the real server at random moments: what was acknowledged is there, and is what it was.

use crate::server::{Server, data_with, noise, text};
use serde_json::json;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

const ROUNDS: u64 = 50;

/// A backup whose 200 was seen, and the disk's hash when it was taken.
struct Acknowledged {
    backup: String,
    disk: blake3::Hash,
}

fn change(path: &Path, round: u64) -> blake3::Hash {
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    for nth in 0..20 {
        let block = (round * 37 + nth * 11) % 256;
        file.seek(SeekFrom::Start(block * 65536)).unwrap();
        file.write_all(&noise(round * 100 + nth, 65536)).unwrap();
    }
    blake3::hash(&std::fs::read(path).unwrap())
}

/// Asks for a backup and kills the server after `delay`; answers the backup's uuid if its 200 came first.
fn backup_and_kill(server: Server, volume: &str, delay: Duration) -> Option<String> {
    let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}}).to_string();
    let request = server
        .request("POST", &format!("/zstack/v1/volumes/{volume}/volume-backups"))
        .header("Authorization", format!("OAuth {}", server.session()))
        .body(body);
    let call = std::thread::spawn(move || {
        let response = request.send().ok()?;
        let reply: serde_json::Value = serde_json::from_str(&response.text().ok()?).ok()?;
        reply["inventory"]["uuid"].as_str().map(str::to_owned)
    });
    let until = Instant::now() + delay;
    while Instant::now() < until && !call.is_finished() {
        std::thread::yield_now();
    }
    server.kill();
    call.join().unwrap()
}

fn content_of(server: &Server, backup: &str) -> blake3::Hash {
    let image = server.template(backup, "check").inventory();
    blake3::hash(&server.download(&text(&image["uuid"]), "raw"))
}

#[test]
fn backups_that_were_acknowledged_survive_fifty_kills_at_random_moments() {
    let (temp, path) = data_with("disk.raw", &noise(1, 16 << 20));
    let server = Server::start(temp.path());
    let volume = server.volume("disk.raw", "raw");
    let mut acknowledged = vec![Acknowledged {
        backup: text(&server.backup(&volume)["uuid"]),
        disk: blake3::hash(&std::fs::read(&path).unwrap()),
    }];
    server.kill();
    for round in 0..ROUNDS {
        let disk = change(&path, round);
        let server = Server::start(temp.path());
        // Whatever the last round left, there is nothing half made.
        for backup in server.query("/zstack/v1/volume-backups") {
            assert_eq!(backup["status"], "Ready", "round {round}");
        }
        let random = noise(round + 7, 2).iter().fold(0, |sum, byte| sum * 256 + u64::from(*byte));
        let delay = Duration::from_micros(random * 5);
        if let Some(backup) = backup_and_kill(server, &volume, delay) {
            acknowledged.push(Acknowledged { backup, disk });
        }
    }
    let server = Server::start(temp.path());
    assert!(acknowledged.len() > 5, "too few were acknowledged to tell: {}", acknowledged.len());
    assert!(
        acknowledged.len() < usize::try_from(ROUNDS).unwrap(),
        "every one was acknowledged: the kills came too late"
    );
    for Acknowledged { backup, disk } in &acknowledged {
        assert_eq!(content_of(&server, backup), *disk, "{backup}");
    }
}

#[test]
fn templates_that_were_acknowledged_survive_a_kill_right_after_their_200() {
    let disk = noise(1, 1 << 20);
    let (temp, _) = data_with("disk.raw", &disk);
    let mut server = Server::start(temp.path());
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    for round in 0..ROUNDS {
        let image = text(&server.template(&backup, &format!("round {round}")).inventory()["uuid"]);
        server.kill();
        server = Server::start(temp.path());
        let found = server.query(&format!("/zstack/v1/images?q=uuid={image}"));
        assert_eq!(found[0]["status"], "Ready", "round {round}");
        if round % 10 == 0 {
            assert!(server.download(&image, "raw") == disk);
        }
    }
    assert_eq!(server.query("/zstack/v1/images").len() as u64, ROUNDS);
}
