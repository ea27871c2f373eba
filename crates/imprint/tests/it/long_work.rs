//! Work that takes long ends early when it has to: deleted, out of time, or asked to stop. A backup that reads 64 KiB a
//! minute stands for one of a large volume.

use crate::server::{Reply, Server, data_with, sample_disk, text};
use crate::waiting::{eventually, until};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Far more than ending takes, far less than the backups here would.
const SOON: Duration = Duration::from_mins(1);

struct Slow {
    temp: TempDir,
    server: Server,
    volume: String,
}

fn slow() -> Slow {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start_with(temp.path(), &["--sync-wait", "100ms"]);
    let volume = server.volume("disk.raw", "raw");
    Slow { temp, server, volume }
}

impl Slow {
    /// Begins a backup and answers what came first, which is where to poll.
    fn begin(&self, timeout: Option<&str>) -> Reply {
        let storage = self.server.backup_storage();
        let body = json!({"params": {"name": "b", "backupStorageUuid": storage, "volumeReadBandwidth": 1024}});
        let request = self.server.request("POST", &format!("/zstack/v1/volumes/{}/volume-backups", self.volume));
        let request = request.header("Authorization", format!("OAuth {}", self.server.session()));
        let request = timeout.map_or(request.try_clone().unwrap(), |seconds| request.header("X-API-Timeout", seconds));
        let reply = Server::send(request.body(body.to_string()));
        assert_eq!(reply.status, 202, "{}", reply.text);
        reply
    }

    /// The backup that is being taken.
    fn creating(&self) -> Value {
        eventually("a backup", || self.server.query("/zstack/v1/volume-backups?q=status=Creating").pop())
    }
}

#[test]
fn a_deleted_backup_ends_soon_and_leaves_nothing() {
    let slow = slow();
    let begun = slow.begin(None);
    let backup = text(&slow.creating()["uuid"]);
    let since = Instant::now();
    slow.server.finish(slow.server.delete(&format!("/zstack/v1/volume-backups/{backup}"))).ok();
    slow.server.finish(begun).refused("SYS.1006", &[&backup, "deleted"]);
    assert!(since.elapsed() < SOON);
    assert!(slow.server.query("/zstack/v1/volume-backups").is_empty());
}

#[test]
fn whoever_looks_at_the_overview_sees_what_others_began_and_what_failed() {
    let slow = slow();
    let (_, ann) = slow.server.account("ann");
    let overview = |server: &Server, session: &str| {
        let page = Server::send(server.request("GET", "/").header("Cookie", server.cookie(session))).text;
        let (before, failed) = page.split_once("Failed in the last seven days").unwrap();
        let (_, running) = before.split_once("Running jobs").unwrap();
        (running.to_owned(), failed.split_once("</section>").unwrap().0.to_owned())
    };
    let of_admin = |server: &Server| overview(server, server.session());
    let begun = slow.begin(None);
    let backup = text(&slow.creating()["uuid"]);
    until("the backup to be shown", || of_admin(&slow.server).0.contains("Back up now"));
    assert!(overview(&slow.server, &ann).0.contains("No jobs are running"));
    slow.server.finish(slow.server.delete(&format!("/zstack/v1/volume-backups/{backup}"))).ok();
    slow.server.finish(begun).refused("SYS.1006", &[&backup]);
    let (running, failed) = of_admin(&slow.server);
    assert!(running.contains("No jobs are running"), "{running}");
    assert!(failed.contains("Back up now") && failed.contains("SYS.1006") && failed.contains(&backup), "{failed}");
    assert!(failed.contains(">admin<"), "{failed}");
    // What was not let in is no failure of the work.
    let path = format!("/zstack/v1/volumes/{}/volume-backups", slow.volume);
    slow.server.post(&path, &json!({"params": {"name": "b"}})).error();
    assert!(!of_admin(&slow.server).1.contains("SYS.1007"));
    // Nobody else sees it.
    assert!(!overview(&slow.server, &ann).1.contains("Back up now"));
    // What a server was doing when it died has failed, too.
    slow.begin(None);
    slow.creating();
    let Slow { temp, server, .. } = slow;
    server.kill();
    let server = Server::start(temp.path());
    let (_, failed) = of_admin(&server);
    assert!(failed.contains("Back up now (2 times)"), "{failed}");
}

#[test]
fn a_backup_is_given_up_when_its_time_is_over() {
    let slow = slow();
    let begun = slow.begin(Some("2"));
    assert_eq!(begun.json()["apiTimeout"], 2000);
    let since = Instant::now();
    slow.server.finish(begun).refused("SYS.1001", &["longer"]);
    assert!(since.elapsed() < SOON);
    assert!(slow.server.query("/zstack/v1/volume-backups").is_empty());
}

#[test]
fn a_server_that_stops_does_not_wait_for_a_backup() {
    let slow = slow();
    slow.begin(None);
    slow.creating();
    let since = Instant::now();
    assert!(slow.server.terminate().success());
    assert!(since.elapsed() < SOON);
    let server = Server::start(slow.temp.path());
    assert!(server.query("/zstack/v1/volume-backups").is_empty());
}

#[test]
fn many_exports_of_one_image_at_once_agree() {
    let slow = slow();
    let backup = slow.server.backup(&slow.volume);
    let image = text(&slow.server.template(&text(&backup["uuid"]), "t").inventory()["uuid"]);
    let sums: Vec<_> = std::thread::scope(|scope| {
        let exports: Vec<_> =
            (0..8).map(|_| scope.spawn(|| text(&slow.server.export(&image, "raw")["exportMd5Sum"]))).collect();
        exports.into_iter().map(|export| export.join().unwrap()).collect()
    });
    assert!(sums.iter().all(|sum| sum.len() == 32 && *sum == sums[0]), "{sums:?}");
}
