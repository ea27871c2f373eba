//! Storages that are full: at the reserve that writers leave, at the file system's last byte, and with the metadata on them.

use crate::power_cuts::mount;
use crate::server::{Reply, Server, data_with, noise, sample_disk, text};
use crate::waiting::until;
use imprint_test_support::{Effect, Fault, Lasts, PowerCutFs, Step};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const GIB: u64 = 1 << 30;
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// A server whose data lie on an ordinary disk and whose storage `full` lies on one that fails.
struct Fixture {
    disk: PowerCutFs,
    server: Server,
    storage: String,
    volume: String,
    file: PathBuf,
    _data: tempfile::TempDir,
}

impl Fixture {
    fn new(capacity: u64) -> Option<Self> {
        let disk = mount()?;
        disk.set_capacity(capacity);
        let (data, file) = data_with("disk.raw", &sample_disk(1));
        let root = disk.path().canonicalize().unwrap();
        let server = Server::start_with(data.path(), &["--allow-dir", root.to_str().unwrap()]);
        let params = json!({"name": "full", "url": root.join("store"), "hostname": "localhost", "username": "u",
            "password": "p"});
        let added = server.post("/zstack/v1/backup-storage/image-store", &json!({"params": params}));
        let storage = text(&server.finish(added).inventory()["uuid"]);
        let volume = server.volume("disk.raw", "raw");
        Some(Self { disk, server, storage, volume, file, _data: data })
    }

    fn take(&self) -> Reply {
        take(&self.server, &self.volume, &self.storage)
    }

    fn template(&self, backup: &Value) -> String {
        let params = json!({"name": "t", "backupStorageUuid": self.storage});
        let path = crate::server::template_path(&text(&backup["uuid"]));
        text(&self.server.post(&path, &json!({"params": params})).inventory()["uuid"])
    }

    fn content(&self, image: &str) -> Vec<u8> {
        let body = json!({"exportImageFromBackupStorage": {"imageUuid": image, "exportFormat": "raw"}});
        let path = format!("/zstack/v1/backup-storage/{}/actions", self.storage);
        let export = self.server.finish(self.server.put(&path, &body)).ok();
        let path = text(&export["imageUrl"]).strip_prefix(&self.server.base).unwrap().to_owned();
        self.server.request("GET", &path).send().unwrap().bytes().unwrap().to_vec()
    }

    /// A backup is refused by name, and nothing of it is shown.
    fn refused(&self) {
        let before = self.server.query("/zstack/v1/volume-backups").len();
        self.take().refused("SYS.1006", &[&self.storage, "no space left"]);
        assert_eq!(self.server.query("/zstack/v1/volume-backups").len(), before);
    }

    /// After room was made, without a restart.
    fn works_again(&self) {
        let backup = self.take().inventory();
        assert!(self.content(&self.template(&backup)) == std::fs::read(&self.file).unwrap());
    }
}

fn take(server: &Server, volume: &str, storage: &str) -> Reply {
    let body = json!({"params": {"name": "b", "backupStorageUuid": storage}});
    server.finish(server.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body))
}

fn change(file: &Path, seed: u64) {
    std::fs::write(file, noise(seed, 3 << 20)).unwrap();
}

/// Every write finds the file system full.
fn full() -> Fault {
    Fault { steps: vec![Step::Write], after: 0, effect: Effect::Errno(ENOSPC), lasts: Lasts::UntilHealed }
}

/// Objects of segments that a store holds, those being written included.
fn segments(store: &Path) -> usize {
    let shards = std::fs::read_dir(store.join("segments")).unwrap();
    shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
}

#[test]
fn backups_stop_at_the_reserve_and_what_is_there_stays_usable() {
    let Some(it) = Fixture::new(GIB + (3 << 20)) else { return };
    let first = it.take().inventory();
    let content = std::fs::read(&it.file).unwrap();
    change(&it.file, 7);
    it.refused();
    // Templates and their records need next to nothing, and have the reserve.
    let image = it.template(&first);
    assert!(it.content(&image) == content);
    let path = format!("/zstack/v1/images/{image}");
    it.server.delete(&path).ok();
    it.server.put(&format!("{path}/actions"), &json!({"expungeImage": {}})).ok();
    let capacity = it.server.get(&format!("/zstack/v1/backup-storage/capacities?backupStorageUuids={}", it.storage));
    assert!(capacity.ok()["availableCapacity"].as_u64().unwrap() > 0);
    it.disk.set_capacity(2 * GIB);
    it.works_again();
}

#[test]
fn a_write_that_finds_no_room_leaves_no_half_segment_and_no_poison() {
    let Some(it) = Fixture::new(64 * GIB) else { return };
    let first = it.take().inventory();
    let content = std::fs::read(&it.file).unwrap();
    change(&it.file, 7);
    let store = it.disk.path().join("store");
    let before = segments(&store);
    // At the first write, and in the midst of a segment.
    for after in [0, 3] {
        it.disk.inject(Fault { after, ..full() });
        it.refused();
        assert_eq!(segments(&store), before, "after {after} writes");
        assert!(it.content(&it.template(&first)) == content);
        it.disk.heal();
    }
    it.works_again();
}

#[test]
fn a_full_file_system_that_holds_everything_refuses_and_goes_on_when_there_is_room() {
    let Some(disk) = mount() else { return };
    let volumes = tempfile::tempdir().unwrap();
    std::fs::write(volumes.path().join("disk.raw"), sample_disk(1)).unwrap();
    let data = disk.path().join("data");
    let server = Server::start_with(&data, &["--allow-dir", volumes.path().to_str().unwrap()]);
    let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
    let params = json!({"name": "p", "url": volumes.path().canonicalize().unwrap(), "zoneUuid": zone});
    let primary = server.post("/zstack/v1/primary-storage/local-storage", &json!({"params": params})).inventory();
    let body = json!({"params": {"name": "v", "primaryStorageUuid": primary["uuid"]},
        "systemTags": ["volume::source::file:disk.raw?format=raw"]});
    let volume = text(&server.post("/zstack/v1/volumes/data", &body).inventory()["uuid"]);
    let storage = server.backup_storage();
    let first = take(&server, &volume, &storage).inventory();
    change(&volumes.path().join("disk.raw"), 7);

    // Within the reserve the metadata still have room, and say who has none.
    disk.set_capacity(GIB / 2);
    take(&server, &volume, &storage).refused("SYS.1006", &[&storage, "no space left"]);
    // Now nobody has any.
    disk.set_capacity(1 << 20);
    let refused = take(&server, &volume, &storage);
    assert_eq!(refused.status, 503, "{}", refused.text);
    // Reading needs no room.
    assert_eq!(server.query("/zstack/v1/volume-backups?q=status=Ready").len(), 1);

    // Not even what the metadata's log has already can be written, as on a file system that copies on write.
    disk.inject(full());
    let path = crate::server::template_path(&text(&first["uuid"]));
    let refused = server.post(&path, &json!({"params": {"name": "t", "backupStorageUuid": storage}}));
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(server.query("/zstack/v1/images").is_empty());

    disk.heal();
    disk.set_capacity(64 * GIB);
    let backup = take(&server, &volume, &storage).inventory();
    for (backup, content) in [(first, sample_disk(1)), (backup, noise(7, 3 << 20))] {
        let image = text(&server.template(&text(&backup["uuid"]), "t").inventory()["uuid"]);
        assert!(server.download(&image, "raw") == content);
    }
    server.kill();
    let server = Server::start_with(&data, &["--allow-dir", volumes.path().to_str().unwrap()]);
    assert_eq!(server.query("/zstack/v1/volume-backups?q=status=Ready").len(), 2);
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 2);
}

#[test]
fn a_storage_whose_disk_failed_to_sync_is_disconnected_until_it_is_reconnected() {
    let Some(it) = Fixture::new(8 * GIB) else { return };
    let first = it.take().inventory();
    std::fs::write(&it.file, noise(5, 3 << 20)).unwrap();
    it.disk.inject(Fault { steps: vec![Step::Sync], after: 0, effect: Effect::Errno(EIO), lasts: Lasts::Once });
    it.take().refused("SYS.1006", &[&it.storage]);
    it.disk.heal();
    // Nobody knows what the disk holds: nothing more is written, and within a minute everybody sees it.
    it.take().refused("SYS.1006", &[&it.storage]);
    let status = || it.server.query(&format!("/zstack/v1/backup-storage/{}", it.storage))[0]["status"].clone();
    until("it to be noticed", || status() != "Connected");
    it.take().refused("SYS.1006", &["Disconnected"]);
    let path = format!("/zstack/v1/backup-storage/{}/actions", it.storage);
    let reconnected = it.server.finish(it.server.put(&path, &json!({"reconnectBackupStorage": {}}))).inventory();
    assert_eq!(reconnected["status"], "Connected");
    it.works_again();
    assert!(it.content(&it.template(&first)) == sample_disk(1));
}
