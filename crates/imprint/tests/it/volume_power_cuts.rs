//! A disk with volumes on it that loses power, fails or is full while they are made, reverted and resized: a volume is whole
//! or not there, a revert that was begun is ended by the next start, and nothing unfinished is left.

use crate::power_cuts::{fault, for_each, mount, strikes, survives};
use crate::restores::content;
use crate::server::{Server, noise, run, text};
use imprint_test_support::{Effect, PowerCutFs, Step, Survives};
use serde_json::{Value, json};
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const CHANGES: [Step; 3] = [Step::Write, Step::Sync, Step::Name];
const MADE: &str = "7f1c2a9be5d84c0f9a3e7b20d4c8f115";

/// Where the volumes lie, which fails, and where the server lies, which does not.
struct Machine {
    disk: PowerCutFs,
    data: TempDir,
    primary: String,
    /// A raw and a qcow2 volume, and the backups of what they held.
    volumes: [String; 2],
    backups: [String; 2],
    old: [Vec<u8>; 2],
    new: [Vec<u8>; 2],
}

impl Machine {
    fn new(disk: PowerCutFs) -> (Self, Server) {
        let data = tempfile::tempdir().unwrap();
        let directory = disk.path().join("volumes");
        std::fs::create_dir(&directory).unwrap();
        let old = [noise(1, 1 << 20), noise(2, 1 << 20)];
        let new = [noise(3, 1 << 20), vec![0; 1 << 20]];
        fill(&directory, &old);
        let server = Self::start(&data, &disk);
        let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
        let body = json!({"params": {"name": "volumes", "url": directory.canonicalize().unwrap(), "zoneUuid": zone}});
        let path = "/zstack/v1/primary-storage/local-storage";
        let primary = text(&server.finish(server.post(path, &body)).inventory()["uuid"]);
        let volumes = ["raw", "qcow2"].map(|format| {
            let tag = format!("volume::source::file:disk.{format}?format={format}");
            let params = json!({"name": format, "primaryStorageUuid": primary});
            let body = json!({"params": params, "systemTags": [tag]});
            text(&server.finish(server.post("/zstack/v1/volumes/data", &body)).inventory()["uuid"])
        });
        let backups = volumes.each_ref().map(|volume| text(&server.backup(volume)["uuid"]));
        fill(&directory, &new);
        (Self { disk, data, primary, volumes, backups, old, new }, server)
    }

    fn start(data: &TempDir, disk: &PowerCutFs) -> Server {
        let arguments = ["--digests", "on-export", "--allow-dir", disk.path().to_str().unwrap()];
        let mut command = Server::command(&data.path().join("data"), &arguments);
        command.stderr(File::options().create(true).append(true).open(data.path().join("log")).unwrap());
        Server::try_start(command).unwrap()
    }

    fn directory(&self) -> PathBuf {
        self.disk.path().join("volumes")
    }

    /// Makes a volume, reverts both, makes one larger. Answers what of it was acknowledged.
    fn work(&self, server: &Server) -> [bool; 4] {
        let ask = |method: &str, path: String, body: Value| {
            let reply = server.attempt(method, &format!("/zstack/v1/{path}"), &body);
            if let Some(reply) = reply.as_ref().filter(|reply| reply.status != 200) {
                assert!(reply.text.contains("{\"error\":{"), "not a clear answer: {}", reply.text);
            }
            reply.is_some_and(|reply| reply.status == 200)
        };
        let params = json!({"name": "made", "resourceUuid": MADE, "primaryStorageUuid": self.primary});
        let made = ask(
            "POST",
            format!("volumes/data-volume/from/volume-template/{}", self.backups[0]),
            json!({"params": params}),
        );
        let revert = |backup: &str| {
            ask("PUT", format!("volume-backups/{backup}/actions"), json!({"revertVolumeFromVolumeBackup": {}}))
        };
        let (raw, qcow2) = (revert(&self.backups[0]), revert(&self.backups[1]));
        let path = format!("volumes/data/resize/{}/actions", self.volumes[0]);
        [made, raw, qcow2, ask("PUT", path, json!({"resizeDataVolume": {"size": 2 << 20}}))]
    }

    /// Looks at everything after a restart, and that the same can be asked for again.
    fn check(&self, server: &Server, done: [bool; 4]) {
        self.wait_for_reverts(server);
        let made = server.query(&format!("/zstack/v1/volumes?q=uuid={MADE}"));
        let mut expected = vec!["disk.qcow2".to_owned(), "disk.raw".to_owned()];
        if let Some(made) = made.first() {
            assert_eq!(made["status"], "Ready");
            assert!(content(Path::new(&text(&made["installPath"]))) == self.old[0]);
            expected.insert(0, format!("{MADE}.qcow2"));
        }
        assert!(!done[0] || made.len() == 1, "an acknowledged volume is lost");
        let entries = std::fs::read_dir(self.directory()).unwrap();
        let mut found: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        found.sort();
        assert_eq!(found, expected, "something unfinished is left");
        for (nth, name) in ["disk.raw", "disk.qcow2"].into_iter().enumerate() {
            let mut found = content(&self.directory().join(name));
            let larger = found.len() > 1 << 20;
            assert!(!(done[3] && nth == 0) || larger, "an acknowledged resize is lost");
            assert!(found.split_off(1 << 20).iter().all(|byte| *byte == 0));
            let reverted = found == self.old[nth];
            assert!(reverted || (!done[nth + 1] && found == self.new[nth]), "{name} holds neither state");
        }
        if made.len() == 1 {
            server.finish(server.delete(&format!("/zstack/v1/volumes/{MADE}"))).ok();
            let path = format!("/zstack/v1/volumes/{MADE}/actions");
            server.finish(server.put(&path, &json!({"expungeDataVolume": {}}))).ok();
        }
        assert_eq!(self.work(server), [true; 4]);
        let raw = std::fs::read(self.directory().join("disk.raw")).unwrap();
        assert!(raw.len() == 2 << 20 && raw[..1 << 20] == self.old[0]);
        assert!(content(&self.directory().join("disk.qcow2")) == self.old[1]);
    }

    /// A backup is taken once a revert that was begun has ended.
    fn wait_for_reverts(&self, server: &Server) {
        for volume in &self.volumes {
            let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
            let path = format!("/zstack/v1/volumes/{volume}/volume-backups");
            loop {
                let reply = server.finish(server.post(&path, &body));
                if reply.status == 200 {
                    break;
                }
                reply.refused("SYS.1006", &[volume]);
                std::thread::yield_now();
            }
        }
    }
}

/// Makes the files of the two volumes, durably.
fn fill(directory: &Path, disks: &[Vec<u8>; 2]) {
    let temp = tempfile::tempdir().unwrap();
    let (raw, qcow2) = (temp.path().join("a"), temp.path().join("b"));
    std::fs::write(&raw, &disks[1]).unwrap();
    run("qemu-img", &["convert", "-f", "raw", "-O", "qcow2", raw.to_str().unwrap(), qcow2.to_str().unwrap()]);
    let contents = [("disk.raw", disks[0].clone()), ("disk.qcow2", std::fs::read(qcow2).unwrap())];
    for (name, content) in contents {
        let path = directory.join(name);
        std::fs::write(&path, content).unwrap();
        File::open(&path).unwrap().sync_all().unwrap();
    }
    File::open(directory).unwrap().sync_all().unwrap();
    File::open(directory.parent().unwrap()).unwrap().sync_all().unwrap();
}

/// How many steps the work makes.
fn count_steps() -> Option<u64> {
    let (machine, server) = Machine::new(mount()?);
    let before = machine.disk.count(&CHANGES);
    assert_eq!(machine.work(&server), [true; 4]);
    let steps = machine.disk.count(&CHANGES) - before;
    assert!(steps > 20, "the steps are not those of the volumes: {steps}");
    Some(steps)
}

#[test]
fn volumes_survive_a_power_cut_at_any_step() {
    let Some(steps) = count_steps() else { return };
    for_each(&strikes(steps, 24), |strike| {
        let Some(disk) = mount() else { return };
        let (machine, server) = Machine::new(disk);
        machine.disk.inject(fault(&CHANGES, strike, Effect::PowerCut));
        let done = machine.work(&server);
        machine.disk.cut_power();
        server.kill();
        machine.disk.restore(survives(strike));
        let server = Machine::start(&machine.data, &machine.disk);
        machine.check(&server, done);
    });
}

#[test]
fn volumes_survive_a_write_a_sync_or_a_name_that_fails() {
    let Some(steps) = count_steps() else { return };
    for_each(&strikes(steps, 16), |strike| {
        let Some(disk) = mount() else { return };
        let (machine, server) = Machine::new(disk);
        let errno = if strike % 2 == 0 { 5 } else { 28 };
        machine.disk.inject(fault(&CHANGES, strike, Effect::Errno(errno)));
        let done = machine.work(&server);
        machine.disk.heal();
        machine.disk.cut_power();
        server.kill();
        machine.disk.restore(Survives::DurableOnly);
        let server = Machine::start(&machine.data, &machine.disk);
        machine.check(&server, done);
    });
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let Some(disk) = mount() else { return };
    let (machine, server) = Machine::new(disk);
    machine.disk.set_capacity(8 << 20);
    let steps = machine.disk.count(&[Step::Write]);
    let make = json!({"params": {"name": "made", "primaryStorageUuid": machine.primary}});
    let path = format!("/zstack/v1/volumes/data-volume/from/volume-template/{}", machine.backups[0]);
    server.finish(server.post(&path, &make)).refused("SYS.1006", &["bytes", "free"]);
    let path = format!("/zstack/v1/volume-backups/{}/actions", machine.backups[1]);
    let revert = json!({"revertVolumeFromVolumeBackup": {}});
    server.finish(server.put(&path, &revert)).refused("SYS.1006", &[&machine.volumes[1], "bytes", "free"]);
    assert_eq!(machine.disk.count(&[Step::Write]), steps);
    assert!(content(&machine.directory().join("disk.qcow2")) == machine.new[1]);
    assert_eq!(std::fs::read_dir(machine.directory()).unwrap().count(), 2);
    assert_eq!(server.query("/zstack/v1/volumes").len(), 2);
}
