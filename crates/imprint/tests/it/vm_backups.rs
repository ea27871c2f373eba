//! Backups of virtual machines: all volumes at one point in time, as one group.

use crate::copies::{download, second_storage, template};
use crate::restore_crashes::{call_and_kill, random_delay};
use crate::restores::{Guest, volume};
use crate::server::{Reply, Server, noise, run, text};
use crate::visitor::Visitor;
use crate::waiting::until;
use serde_json::{Value, json};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const VM: &str = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";

/// A machine with a raw root volume and two data volumes, one of them qcow2, and one volume that is not its own.
struct Machine {
    temp: TempDir,
    server: Server,
    /// Root, raw data, qcow2 data.
    volumes: [String; 3],
    files: [PathBuf; 3],
    stranger: String,
}

impl Machine {
    fn start() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let directory = temp.path().join("volumes");
        std::fs::create_dir_all(&directory).unwrap();
        let files = ["root.raw", "data.raw", "data.qcow2"].map(|name| directory.join(name));
        std::fs::write(&files[0], noise(1, 3 << 20)).unwrap();
        std::fs::write(&files[1], noise(2, 2 << 20)).unwrap();
        std::fs::write(directory.join("other.raw"), noise(3, 1 << 20)).unwrap();
        let qcow2 = files[2].to_str().unwrap();
        run("qemu-img", &["create", "-q", "-f", "qcow2", qcow2, "4M"]);
        run("qemu-io", &["-f", "qcow2", "-c", "write -P 7 0 2M", qcow2]);
        let server = Server::start(temp.path());
        let tags = json!(["volume::source::file:root.raw?format=raw", "volume::type::Root"]);
        let body = json!({"params": {"name": "root"}, "systemTags": tags});
        let root = text(&server.finish(server.post("/zstack/v1/volumes/data", &body)).inventory()["uuid"]);
        let volumes = [root, server.volume("data.raw", "raw"), server.volume("data.qcow2", "qcow2")];
        let stranger = server.volume("other.raw", "raw");
        let machine = Self { temp, server, volumes, files, stranger };
        for uuid in &machine.volumes {
            machine.attach(uuid).ok();
        }
        machine
    }

    fn attach(&self, uuid: &str) -> Reply {
        let path = format!("/zstack/v1/volumes/{uuid}/vm-instances/{VM}");
        self.server.finish(self.server.post(&path, &json!({"params": {}})))
    }

    fn back_up(&self, params: &Value) -> Reply {
        let mut body = json!({"params": {"name": "b", "backupStorageUuid": self.server.backup_storage()}});
        for (name, value) in params.as_object().unwrap() {
            body["params"][name] = value.clone();
        }
        let path = format!("/zstack/v1/volumes/{}/vm-backups", self.volumes[0]);
        self.server.finish(self.server.post(&path, &body))
    }

    fn act(&self, group: &str, action: &str, params: &Value) -> Reply {
        let path = format!("/zstack/v1/vm-backups/{group}/actions");
        self.server.finish(self.server.put(&path, &json!({action: params})))
    }

    /// The bytes of all files.
    fn contents(&self) -> Vec<Vec<u8>> {
        self.files.iter().map(|path| crate::restores::content(path)).collect()
    }

    fn change(&self) {
        for path in &self.files[..2] {
            std::fs::File::options().write(true).open(path).unwrap().write_all_at(&vec![9; 100_000], 70_000).unwrap();
        }
        run("qemu-io", &["-f", "qcow2", "-c", "write -P 9 3M 64k", self.files[2].to_str().unwrap()]);
    }
}

#[test]
fn all_volumes_of_a_machine_are_backed_up_as_one_group_and_reverted_together() {
    let machine = Machine::start();
    let before = machine.contents();
    let taken = machine.back_up(&json!({"resourceUuid": "7f1c2a9be5d84c0f9a3e7b20d4c8f115"})).ok();
    let taken = taken["inventories"].as_array().unwrap();
    let group = text(&taken[0]["groupUuid"]);
    assert_eq!(taken[0]["uuid"], "7f1c2a9be5d84c0f9a3e7b20d4c8f115");
    assert_eq!(taken[0]["type"], "Root");
    let of: Vec<_> = taken.iter().map(|backup| text(&backup["volumeUuid"])).collect();
    assert_eq!(of, machine.volumes);
    for backup in taken {
        assert_eq!((&backup["status"], &backup["groupUuid"]), (&json!("Ready"), &json!(group)));
        assert_eq!((&backup["vmInstanceUuid"], &backup["mode"]), (&json!(VM), &json!("full")));
    }
    assert_eq!(machine.server.query(&format!("/zstack/v1/volume-backups?q=groupUuid={group}")).len(), 3);
    // Who is about to revert it is shown each volume that loses its content.
    let form = Visitor::signed_in(&machine.server).get(&format!("/do/RevertVmFromVmBackup?groupUuid={group}")).text;
    for volume in &machine.volumes {
        assert!(form.contains(&format!("<dt>Its content is replaced</dt><dd><a href=\"/volumes/{volume}\"")), "{form}");
    }
    machine.change();
    let after = machine.contents();
    let second = machine.back_up(&json!({})).ok();
    for backup in second["inventories"].as_array().unwrap() {
        assert_eq!(backup["mode"], "incremental");
        assert_ne!(backup["groupUuid"], group.as_str());
    }
    assert_eq!(machine.act(&group, "revertVmFromVmBackup", &json!({})).ok(), json!({}));
    assert!(machine.contents() == before);
    let group = text(&second["inventories"][0]["groupUuid"]);
    machine.act(&group, "revertVmFromVmBackup", &json!({})).ok();
    assert!(machine.contents() == after);
    let other = machine.temp.path().join("volumes/other.raw");
    assert!(std::fs::read(other).unwrap() == noise(3, 1 << 20), "another volume is not touched");
    assert!(volume(&machine.server, &machine.stranger)["vmInstanceUuid"].is_null());
}

#[test]
fn no_volume_of_a_machine_can_be_written_before_the_last_one_is_read() {
    let machine = Machine::start();
    let before = machine.contents();
    let server = &machine.server;
    let slow = std::thread::scope(|scope| {
        // 3 MiB and 2 MiB at 2 MiB a second: the last volume's turn comes after more than two seconds.
        let call = scope.spawn(|| machine.back_up(&json!({"volumeReadBandwidth": 2 << 20})));
        until("a backup", || !server.query("/zstack/v1/volume-backups").is_empty());
        let write = ["-f", "qcow2", "-c", "write -P 1 0 64k", machine.files[2].to_str().unwrap()];
        let refused = Command::new("qemu-io").args(write).output().unwrap();
        assert!(!call.is_finished(), "the backup was too fast to tell");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("lock"), "{refused:?}");
        call.join().unwrap()
    });
    for (backup, content) in slow.ok()["inventories"].as_array().unwrap().iter().zip(before) {
        let image = text(&server.template(&text(&backup["uuid"]), "t").inventory()["uuid"]);
        assert!(server.download(&image, "raw") == content);
    }
}

#[test]
fn a_group_is_whole_or_not_at_all() {
    let machine = Machine::start();
    let server = &machine.server;
    let before = machine.contents();
    let group = text(&machine.back_up(&json!({})).ok()["inventories"][0]["groupUuid"]);
    machine.change();
    let now = machine.contents();
    // In use: nothing is begun, and nothing is changed.
    let guest = Guest::open(&machine.files[2], "qcow2");
    machine.back_up(&json!({})).refused("SYS.1006", &[&machine.volumes[2], "data.qcow2"]);
    machine.act(&group, "revertVmFromVmBackup", &json!({})).refused("SYS.1006", &[&machine.volumes[2]]);
    drop(guest);
    assert!(machine.contents() == now);
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 3);
    // The last one cannot be read to its end: those before it are taken back.
    let file = std::fs::File::options().read(true).write(true).open(&machine.files[2]).unwrap();
    let mut word = [0; 8];
    let mut at = 40;
    for _ in 0..2 {
        file.read_exact_at(&mut word, at).unwrap();
        at = u64::from_be_bytes(word) & 0x00ff_ffff_ffff_fe00;
    }
    file.read_exact_at(&mut word, at + 16).unwrap();
    file.write_all_at(&(1_u64 << 63 | 1 << 40).to_be_bytes(), at + 16).unwrap();
    machine.back_up(&json!({})).refused("SYS.1006", &[&machine.volumes[2], "data.qcow2"]);
    machine.act(&group, "revertVmFromVmBackup", &json!({})).refused("SYS.1006", &[&machine.volumes[2]]);
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 3);
    file.write_all_at(&word, at + 16).unwrap();
    assert!(machine.contents() == now);
    // A disabled one refuses too.
    let state = |event: &str| {
        let body = json!({"changeVolumeState": {"stateEvent": event}});
        server.put(&format!("/zstack/v1/volumes/{}/actions", machine.volumes[1]), &body).inventory()
    };
    state("disable");
    machine.back_up(&json!({})).refused("SYS.1006", &[&machine.volumes[1], "Disabled"]);
    machine.act(&group, "revertVmFromVmBackup", &json!({})).refused("SYS.1006", &[&machine.volumes[1]]);
    state("enable");
    assert!(machine.contents() == now);
    machine.act(&group, "revertVmFromVmBackup", &json!({})).ok();
    assert!(machine.contents() == before);
}

#[test]
fn only_a_root_volume_of_a_machine_stands_for_it() {
    let machine = Machine::start();
    let server = &machine.server;
    let back_up = |uuid: &str| {
        let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
        server.finish(server.post(&format!("/zstack/v1/volumes/{uuid}/vm-backups"), &body))
    };
    back_up(&machine.volumes[1]).refused("SYS.1007", &["rootVolumeUuid", "volume::type::Root"]);
    server.finish(server.delete(&format!("/zstack/v1/volumes/{}/vm-instances", machine.volumes[0]))).ok();
    back_up(&machine.volumes[0]).refused("SYS.1006", &["not attached"]);
    back_up(VM).refused("SYS.1003", &["rootVolumeUuid"]);
    assert!(server.query("/zstack/v1/volume-backups").is_empty());
}

#[test]
fn a_group_is_deleted_as_a_whole_and_no_machine_is_made_of_it() {
    let machine = Machine::start();
    let server = &machine.server;
    let first = machine.back_up(&json!({})).ok();
    let group = text(&first["inventories"][0]["groupUuid"]);
    let kept = text(&machine.back_up(&json!({})).ok()["inventories"][1]["uuid"]);
    let make = |path: &str, params: Value| {
        server.finish(server.post(&format!("/zstack/v1/vm-instances/{path}"), &json!({"params": params})))
    };
    let from_group = |group: &str| make(&format!("from/vm-backups/{group}"), json!({"name": "vm"}));
    from_group(&group).refused("SYS.1014", &["no virtual machines"]);
    from_group(VM).refused("SYS.1003", &["groupUuid"]);
    let params = json!({"name": "vm", "instanceOfferingUuid": VM, "l3NetworkUuids": [VM]});
    make(&format!("from/vm-backup/{kept}"), params).refused("SYS.1014", &["no virtual machines"]);
    make(&format!("from/vm-backup/{kept}"), json!({"name": "vm"})).refused("SYS.1007", &["instanceOfferingUuid"]);
    let delete = |group: &str| server.finish(server.delete(&format!("/zstack/v1/vm-backups/{group}")));
    assert_eq!(delete(&group).ok(), json!({}));
    assert!(server.query(&format!("/zstack/v1/volume-backups?q=groupUuid={group}")).is_empty());
    assert_eq!(delete(&group).ok(), json!({}));
    delete("x").refused("SYS.1007", &["groupUuid", "x"]);
    machine.act(&group, "revertVmFromVmBackup", &json!({})).refused("SYS.1003", &["groupUuid", &group]);
    // What shared blocks with it is whole.
    let image = text(&server.template(&kept, "t").inventory()["uuid"]);
    assert!(server.download(&image, "raw") == noise(2, 2 << 20));
}

#[test]
fn a_group_whose_taking_was_killed_is_whole_or_not_there() {
    let Machine { temp, mut server, volumes, files, .. } = Machine::start();
    let mut groups = 0;
    for round in 0..20 {
        std::fs::write(&files[0], noise(round + 10, 6 << 20)).unwrap();
        std::fs::write(&files[1], noise(round + 50, 6 << 20)).unwrap();
        let path = format!("/zstack/v1/volumes/{}/vm-backups", volumes[0]);
        let body = json!({"params": {"name": "b", "backupStorageUuid": server.backup_storage()}});
        let acknowledged = call_and_kill(server, "POST", &path, &body, 6 * random_delay(round));
        server = Server::start(temp.path());
        let backups = server.query("/zstack/v1/volume-backups");
        assert!(backups.iter().all(|backup| backup["status"] == "Ready"), "round {round}");
        assert_eq!(backups.len() % 3, 0, "round {round}");
        assert!(!acknowledged || backups.len() / 3 > groups, "round {round}");
        groups = backups.len() / 3;
    }
    assert!(0 < groups && groups < 20, "the kills came too early or too late to tell: {groups}");
}

#[test]
fn another_account_does_nothing_with_a_group() {
    let machine = Machine::start();
    let server = &machine.server;
    let group = text(&machine.back_up(&json!({})).ok()["inventories"][0]["groupUuid"]);
    machine.change();
    let now = machine.contents();
    let (_, stranger) = server.account("stranger");
    let path = format!("/zstack/v1/vm-backups/{group}");
    let act = |action: &str| server.call_as(&stranger, "PUT", &format!("{path}/actions"), &json!({action: {}}));
    server.finish(server.call_as(&stranger, "DELETE", &path, &Value::Null)).refused("SYS.1006", &["permission denied"]);
    server.finish(act("revertVmFromVmBackup")).refused("SYS.1006", &["permission denied"]);
    let from = format!("/zstack/v1/vm-instances/from/vm-backups/{group}");
    let made = server.call_as(&stranger, "POST", &from, &json!({"params": {"name": "vm"}}));
    server.finish(made).refused("SYS.1006", &["permission denied"]);
    assert!(machine.contents() == now);
    assert_eq!(server.query(&format!("/zstack/v1/volume-backups?q=groupUuid={group}")).len(), 3);
}

#[test]
fn a_group_is_copied_to_another_storage_and_brought_back() {
    let machine = Machine::start();
    let server = &machine.server;
    let (first, second) = (server.backup_storage(), second_storage(server, machine.temp.path()));
    let before = machine.contents();
    let taken = machine.back_up(&json!({})).ok();
    let group = text(&taken["inventories"][0]["groupUuid"]);
    let storages = |from: &str, to: &str| json!({"srcBackupStorageUuid": from, "dstBackupStorageUuid": to});
    let copy = |action: &str, from: &str, to: &str| machine.act(&group, action, &storages(from, to));
    let copied = copy("syncVmBackupFromImageStoreBackupStorage", &first, &second).ok();
    let copied = copied["inventories"].as_array().unwrap();
    assert_eq!((copied.len(), &copied[0]["type"]), (3, &json!("Root")));
    for (volume, content) in machine.volumes.iter().zip(&before) {
        let backup = copied.iter().find(|backup| backup["volumeUuid"] == volume.as_str()).unwrap();
        assert_eq!(backup["backupStorageRefs"].as_array().unwrap().len(), 2);
        let image = template(server, &text(&backup["uuid"]), &second);
        assert!(download(server, &second, &image) == *content);
    }
    // The first storage loses all of them, and gets them back.
    let path = format!("/zstack/v1/vm-backups/{group}?backupStorageUuids={first}");
    assert_eq!(server.finish(server.delete(&path)).ok(), json!({}));
    machine.change();
    machine.act(&group, "revertVmFromVmBackup", &json!({"backupStorageUuid": first})).refused("SYS.1006", &[&first]);
    let recovered = copy("recoverVmBackupFromImageStoreBackupStorage", &second, &first).ok();
    assert_eq!(recovered["inventories"].as_array().unwrap().len(), 3);
    machine.act(&group, "revertVmFromVmBackup", &json!({"backupStorageUuid": first})).ok();
    assert!(machine.contents() == before);
    // What is there is answered as it is.
    copy("syncVmBackupFromImageStoreBackupStorage", &first, &second).ok();
    copy("syncVmBackupFromImageStoreBackupStorage", &first, &first).refused("SYS.1007", &["dstBackupStorageUuid"]);
    let unknown = machine.act(VM, "syncVmBackupFromImageStoreBackupStorage", &storages(&first, &second));
    unknown.refused("SYS.1003", &["groupUuid", VM]);
}
