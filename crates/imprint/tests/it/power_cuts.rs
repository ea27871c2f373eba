//! A disk beneath the real server that loses power, fails or takes half of a write, at steps all over a run: what was
//! acknowledged is there and is what it was, nothing half made is shown, and the server works again after a restart.
//!
//! The volumes lie on another disk, so that the steps are the server's own. An ordinary run strikes at some steps, spread
//! evenly; `IMPRINT_STRIKES=<n>` strikes at more of them, up to all.

use crate::server::{Server, noise, template_path, text};
use blake3::Hash;
use imprint_test_support::{Effect, Fault, Lasts, PowerCutFs, Step, Survives};
use serde_json::{Value, json};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use tempfile::TempDir;

const CHANGES: [Step; 3] = [Step::Write, Step::Sync, Step::Name];
const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const DISK: usize = 1 << 20;

/// A file system, or `None` where none can be mounted: then the faults that image-store's own tests inject beneath a
/// store are all that is checked.
pub(crate) fn mount() -> Option<PowerCutFs> {
    match PowerCutFs::mount() {
        Ok(mounted) => Some(mounted),
        Err(unsupported) => {
            let could = nix::unistd::geteuid().is_root() && File::open("/dev/fuse").is_ok();
            assert!(!could, "FUSE is here, yet nothing could be mounted: {unsupported:?}");
            println!(
                "not checked here, only through the faults in image-store's tests: {unsupported}: {unsupported:?}"
            );
            None
        }
    }
}

/// Whether something was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removal {
    No,
    Asked,
    Acknowledged,
}

/// When the server is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Start,
    Fault,
}

/// A backup or an image that was asked for.
#[derive(Clone, Debug)]
struct Thing {
    resource: &'static str,
    uuid: String,
    /// The disk that it holds, if it is there.
    content: Hash,
    acknowledged: bool,
    removal: Removal,
}

/// A machine: its disk that fails, another with a volume on it, and what was asked of the server.
struct Machine {
    disk: PowerCutFs,
    volumes: TempDir,
    things: Vec<Thing>,
    /// What was answered other than 200.
    failures: Vec<String>,
    volume: String,
    next: u32,
}

impl Machine {
    fn new(disk: PowerCutFs) -> Self {
        let volumes = tempfile::tempdir().unwrap();
        std::fs::write(volumes.path().join("disk.raw"), noise(1, DISK)).unwrap();
        Self { disk, volumes, things: Vec::new(), failures: Vec::new(), volume: String::new(), next: 0 }
    }

    fn image_file(&self) -> PathBuf {
        self.volumes.path().join("disk.raw")
    }

    fn content(&self) -> Hash {
        blake3::hash(&std::fs::read(self.image_file()).unwrap())
    }

    fn change(&mut self) {
        self.next += 1;
        let file = File::options().write(true).open(self.image_file()).unwrap();
        file.write_all_at(&noise(u64::from(self.next) + 77, 100_000), u64::from(self.next) * 65_536).unwrap();
    }

    fn command(&self) -> Command {
        let arguments = ["--digests", "on-export", "--allow-dir", self.volumes.path().to_str().unwrap()];
        let mut command = Server::command(&self.disk.path().join("data"), &arguments);
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        command.stderr(log);
        command
    }

    fn log(&self) -> PathBuf {
        self.volumes.path().join("log")
    }

    #[track_caller]
    fn start(&self) -> Server {
        Server::try_start(self.command()).unwrap_or_else(|why| panic!("{why}\n{}", self.log_text()))
    }

    fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Registers the volume, unless that was done.
    fn set_up(&mut self, server: &Server) {
        let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
        let url = self.volumes.path().canonicalize().unwrap();
        let body = json!({"params": {"name": "volumes", "url": url, "zoneUuid": zone}});
        let storage = server.post("/zstack/v1/primary-storage/local-storage", &body).inventory();
        let body = json!({"params": {"name": "v", "primaryStorageUuid": storage["uuid"]},
            "systemTags": ["volume::source::file:disk.raw?format=raw"]});
        self.volume = text(&server.post("/zstack/v1/volumes/data", &body).inventory()["uuid"]);
    }

    fn ask(&mut self, server: &Server, method: &str, path: &str, body: &Value) -> bool {
        let reply = server.attempt(method, path, body);
        let done = reply.as_ref().is_some_and(|reply| reply.status == 200);
        if !done {
            self.failures.push(format!("{method} {path}: {}", reply.map_or_else(|| "gone".to_owned(), |it| it.text)));
        }
        done
    }

    /// Asks for a backup or an image under an id of our choice, and answers the id.
    fn make(&mut self, server: &Server, resource: &'static str, path: &str, content: Hash, storage: &str) -> String {
        self.next += 1;
        let uuid = format!("{:08x}0ff4429f8b7b42f01f04cfdb", self.next);
        let body = json!({"params": {"name": "n", "backupStorageUuid": storage, "resourceUuid": uuid}});
        let acknowledged = self.ask(server, "POST", path, &body);
        self.things.push(Thing { resource, uuid: uuid.clone(), content, acknowledged, removal: Removal::No });
        uuid
    }

    fn back_up(&mut self, server: &Server, storage: &str) -> String {
        let path = format!("/zstack/v1/volumes/{}/volume-backups", self.volume);
        self.make(server, "volume-backups", &path, self.content(), storage)
    }

    fn template(&mut self, server: &Server, backup: &str, storage: &str) -> String {
        let content = self.things.iter().find(|thing| thing.uuid == backup).unwrap().content;
        self.make(server, "images", &template_path(backup), content, storage)
    }

    fn remove(&mut self, uuid: &str, asked: impl FnOnce(&mut Self) -> bool) {
        let at = self.things.iter().position(|thing| thing.uuid == uuid).unwrap();
        self.things[at].removal = Removal::Asked;
        if asked(self) {
            self.things[at].removal = Removal::Acknowledged;
        }
    }

    /// The main job, whatever fails of it.
    fn work(&mut self, server: &Server, storage: &str) {
        let first = self.back_up(server, storage);
        self.template(server, &first, storage);
        self.change();
        let second = self.back_up(server, storage);
        let image = self.template(server, &second, storage);
        self.remove(&first, |it| it.ask(server, "DELETE", &format!("/zstack/v1/volume-backups/{first}"), &Value::Null));
        self.template(server, &second, storage);
        self.remove(&image, |it| {
            let path = format!("/zstack/v1/images/{image}");
            it.ask(server, "DELETE", &path, &Value::Null)
                && it.ask(server, "PUT", &format!("{path}/actions"), &json!({"expungeImage": {}}))
        });
        self.change();
        self.back_up(server, storage);
    }

    /// What the server shows, beside what was acknowledged. While it cannot write, what failed may still be under way.
    #[track_caller]
    fn check_shown(&mut self, server: &Server, since: Since) {
        for resource in ["volume-backups", "images"] {
            let shown = server.query(&format!("/zstack/v1/{resource}"));
            for row in &shown {
                let uuid = text(&row["uuid"]);
                let thing = self.things.iter().find(|thing| thing.uuid == uuid).expect("a resource that was asked for");
                assert_ne!(thing.removal, Removal::Acknowledged, "shown after its removal: {row}");
                let status = row["status"].as_str().unwrap();
                let may = status == "Ready"
                    || (thing.removal == Removal::Asked && status == "Deleted")
                    || (since == Since::Fault && !(thing.acknowledged && thing.removal == Removal::No));
                assert!(may, "half made or half removed: {row}");
            }
            for thing in self.things.iter().filter(|thing| thing.resource == resource) {
                if thing.acknowledged && thing.removal == Removal::No {
                    assert!(shown.iter().any(|row| row["uuid"] == thing.uuid), "lost: {thing:?}");
                }
            }
        }
    }

    /// What every backup and image holds, after a restart.
    #[track_caller]
    fn check_content(&mut self, server: &Server) {
        let backups = server.query("/zstack/v1/volume-backups");
        let storage = server.backup_storage();
        for backup in backups {
            self.template(server, &text(&backup["uuid"]), &storage);
            assert!(self.things.last().unwrap().acknowledged, "{:?}", self.failures.last());
        }
        for image in server.query("/zstack/v1/images?q=status=Ready") {
            let thing = self.things.iter().find(|thing| image["uuid"] == thing.uuid).unwrap();
            assert_eq!(blake3::hash(&server.download(&thing.uuid, "raw")), thing.content, "{thing:?}");
        }
    }

    /// A backup taken now is made, and is the disk.
    #[track_caller]
    fn check_works(&mut self, server: &Server) {
        self.change();
        let backup = text(&server.backup(&self.volume)["uuid"]);
        let image = text(&server.template(&backup, "new").inventory()["uuid"]);
        assert!(blake3::hash(&server.download(&image, "raw")) == self.content());
    }
}

/// Steps to strike at, spread evenly over `steps`: `few`, or as many as the environment says.
pub(crate) fn strikes(steps: u64, few: u64) -> Vec<u64> {
    let wanted = std::env::var("IMPRINT_STRIKES").ok().and_then(|text| text.parse().ok()).unwrap_or(few);
    let count = wanted.clamp(1, steps);
    (0..count).map(|nth| nth * steps / count).collect()
}

/// Runs `check` for each strike, some at a time; a failure names its strike.
pub(crate) fn for_each(strikes: &[u64], check: impl Fn(u64) + Sync) {
    let waiting = Mutex::new(strikes.iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(strike) = waiting.lock().unwrap().next() else { break };
                    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(*strike)));
                    if let Err(panic) = checked {
                        eprintln!("struck at step {strike}");
                        std::panic::resume_unwind(panic);
                    }
                }
            });
        }
    });
}

/// The same, each with a machine of its own; a failure shows the server's log.
fn for_each_strike(strikes: &[u64], check: impl Fn(u64, &mut Machine) + Sync) {
    for_each(strikes, |strike| {
        let Some(disk) = mount() else { return };
        let mut machine = Machine::new(disk);
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(strike, &mut machine)));
        if let Err(panic) = checked {
            eprintln!("the server's log:\n{}", machine.log_text());
            eprintln!("answered: {:#?}", machine.failures);
            std::panic::resume_unwind(panic);
        }
    });
}

/// How many steps the first start makes, and how many the main job after it.
fn count_steps() -> Option<(u64, u64)> {
    let mut machine = Machine::new(mount()?);
    let server = machine.start();
    let start = machine.disk.count(&CHANGES);
    machine.set_up(&server);
    let before = machine.disk.count(&CHANGES);
    let storage = server.backup_storage();
    machine.work(&server, &storage);
    assert!(machine.failures.is_empty(), "{:?}", machine.failures);
    let steps = machine.disk.count(&CHANGES) - before;
    assert!(steps > 50, "the steps are not the server's: {steps}");
    Some((start, steps))
}

pub(crate) fn survives(strike: u64) -> Survives {
    if strike.is_multiple_of(2) { Survives::DurableOnly } else { Survives::SomeUnsynced { seed: strike } }
}

pub(crate) fn fault(steps: &[Step], after: u64, effect: Effect) -> Fault {
    Fault { steps: steps.to_vec(), after, effect, lasts: Lasts::Once }
}

#[test]
fn what_was_acknowledged_survives_a_power_cut_at_any_step() {
    let Some((_, steps)) = count_steps() else { return };
    for_each_strike(&strikes(steps, 16), |strike, machine| {
        let server = machine.start();
        machine.set_up(&server);
        let storage = server.backup_storage();
        machine.disk.inject(fault(&CHANGES, strike, Effect::PowerCut));
        machine.work(&server, &storage);
        machine.disk.cut_power();
        server.kill();
        machine.disk.restore(survives(strike));
        if strike % 3 == 0 {
            // The power fails once more, while the server mends what the first cut left.
            machine.disk.inject(fault(&CHANGES, strike % 64, Effect::PowerCut));
            drop(Server::try_start(machine.command()));
            machine.disk.cut_power();
            machine.disk.restore(survives(strike + 1));
        }
        let server = machine.start();
        machine.check_shown(&server, Since::Start);
        machine.check_content(&server);
        machine.check_works(&server);
    });
}

/// Templates that several clients ask for at once: their changes share commits.
fn ask_together(machine: &mut Machine, server: &Server, backup: &str, storage: &str) {
    let content = machine.things.iter().find(|thing| thing.uuid == backup).unwrap().content;
    let client = |client: u32| {
        let ask = |nth: u32| {
            let uuid = format!("{:08x}0ff4429f8b7b42f01f04cfdb", 0x1000 * client + nth);
            let body = json!({"params": {"name": "n", "backupStorageUuid": storage, "resourceUuid": uuid}});
            let reply = server.attempt("POST", &template_path(backup), &body);
            let acknowledged = reply.is_some_and(|reply| reply.status == 200);
            Thing { resource: "images", uuid, content, acknowledged, removal: Removal::No }
        };
        (0..8).map(ask).collect::<Vec<_>>()
    };
    let asked: Vec<Thing> = std::thread::scope(|scope| {
        let clients: Vec<_> = (1..=4).map(|number| scope.spawn(move || client(number))).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    machine.things.extend(asked);
}

#[test]
fn what_several_clients_were_told_at_once_survives_a_power_cut() {
    for_each_strike(&strikes(60, 6), |strike, machine| {
        let server = machine.start();
        machine.set_up(&server);
        let storage = server.backup_storage();
        let backup = machine.back_up(&server, &storage);
        machine.disk.inject(fault(&CHANGES, strike, Effect::PowerCut));
        ask_together(machine, &server, &backup, &storage);
        machine.disk.cut_power();
        server.kill();
        machine.disk.restore(survives(strike));
        let server = machine.start();
        machine.check_shown(&server, Since::Start);
        machine.check_works(&server);
    });
}

#[test]
fn a_first_start_that_a_power_cut_ended_is_made_good_by_the_next() {
    let Some((steps, _)) = count_steps() else { return };
    for_each_strike(&strikes(steps, 12), |strike, machine| {
        machine.disk.inject(fault(&CHANGES, strike, Effect::PowerCut));
        drop(Server::try_start(machine.command()));
        machine.disk.cut_power();
        machine.disk.restore(survives(strike));
        let server = machine.start();
        machine.set_up(&server);
        machine.check_works(&server);
    });
}

/// A fault at one step: the server goes on or says that it must be restarted; a restart without power loses nothing.
fn survives_fault(machine: &mut Machine, fault: Fault) {
    let server = machine.start();
    machine.set_up(&server);
    let storage = server.backup_storage();
    machine.disk.inject(fault);
    machine.work(&server, &storage);
    machine.disk.heal();
    for failure in &machine.failures {
        assert!(failure.contains("{\"error\":{"), "not a clear answer: {failure}");
    }
    machine.check_shown(&server, Since::Fault);
    let path = format!("/zstack/v1/volumes/{}/volume-backups", machine.volume);
    let body = json!({"params": {"name": "probe", "backupStorageUuid": storage}});
    let probe = server.attempt("POST", &path, &body).expect("the server lives");
    if probe.status == 200 {
        let backup = text(&probe.inventory()["uuid"]);
        server.delete(&format!("/zstack/v1/volume-backups/{backup}")).ok();
        machine.check_content(&server);
    } else {
        // The disk has failed the database, or a store.
        let says = probe.error().1;
        let advises = says.contains("restarted") || says.contains("reconnected");
        assert!(advises, "does not say what to do: {}", probe.text);
    }
    machine.disk.cut_power();
    server.kill();
    machine.disk.restore(Survives::DurableOnly);
    let server = machine.start();
    machine.check_shown(&server, Since::Start);
    machine.check_content(&server);
    machine.check_works(&server);
}

#[test]
fn a_write_a_sync_or_a_name_that_fails_loses_nothing_that_was_acknowledged() {
    let Some((_, steps)) = count_steps() else { return };
    for_each_strike(&strikes(steps, 10), |strike, machine| {
        survives_fault(machine, fault(&CHANGES, strike, Effect::Errno(EIO)));
    });
}

#[test]
fn a_disk_that_is_full_for_one_write_loses_nothing_that_was_acknowledged() {
    let Some((_, steps)) = count_steps() else { return };
    for_each_strike(&strikes(steps, 6), |strike, machine| {
        survives_fault(machine, fault(&[Step::Write, Step::Name], strike / 2, Effect::Errno(ENOSPC)));
    });
}

#[test]
fn writes_that_take_half_of_their_bytes_are_written_on() {
    let Some((_, steps)) = count_steps() else { return };
    for_each_strike(&strikes(steps, 6), |strike, machine| {
        survives_fault(machine, fault(&[Step::Write], strike / 2, Effect::ShortWrite));
        assert!(machine.failures.is_empty(), "{:?}", machine.failures);
    });
}
