//! `kill -9` of the real server while it copies between storages, and while it learns from a catalog: nothing half made is
//! Ready, and the same can be done again.

use crate::copies::{download, second_storage, stored_bytes, template};
use crate::reconciling::{counts, database_files, sync_backups};
use crate::restore_crashes::call_and_kill_when;
use crate::server::{Server, data_with, noise, text};
use crate::waiting::until;
use serde_json::{Value, json};
use std::path::Path;

/// Kills of each kind of work: each a little later than the one before.
const ROUNDS: u64 = 8;

/// Several segments: what is written grows in steps.
const DISK: usize = 80 << 20;

/// More than one transaction of a reconciliation adopts.
const IMAGES: usize = 700;

/// The storages that have a backup or an image, all of which must be Ready, as it must be itself.
#[track_caller]
fn ready_on(server: &Server, resource: &str, uuid: &str, round: u64) -> Vec<String> {
    let row = server.query(&format!("/zstack/v1/{resource}?q=uuid={uuid}"))[0].clone();
    assert_eq!(row["status"], "Ready", "round {round}: {row}");
    let refs = row["backupStorageRefs"].as_array().unwrap();
    assert!(refs.iter().all(|reference| reference["status"] == "Ready"), "round {round}: {row}");
    refs.iter().map(|reference| text(&reference["backupStorageUuid"])).collect()
}

#[test]
fn a_copy_of_a_backup_that_was_killed_is_not_there_and_can_be_made_again() {
    let disk = noise(4, DISK);
    let (temp, _) = data_with("disk.raw", &disk);
    let flags = ["--digests", "on-export"];
    let server = Server::start_with(temp.path(), &flags);
    let (first, second) = (server.backup_storage(), second_storage(&server, temp.path()));
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let path = format!("/zstack/v1/volume-backups/{backup}/actions");
    let params = json!({"srcBackupStorageUuid": first, "dstBackupStorageUuid": second});
    let body = json!({"syncBackupFromImageStoreBackupStorage": params});
    let copy = |server: &Server| server.finish(server.put(&path, &body)).ok();
    let forget = |server: &Server| {
        let path = format!("/zstack/v1/volume-backups/{backup}?backupStorageUuids={second}");
        server.finish(server.delete(&path)).ok();
    };
    let store = temp.path().join("second");
    let (mut server, mut cut_short) = (server, 0);
    for round in 0..ROUNDS {
        let before = stored_bytes(&store);
        let has_come = || stored_bytes(&store) > before + round * (DISK as u64) / ROUNDS;
        let acknowledged = call_and_kill_when(server, "PUT", &path, &body, has_come);
        server = Server::start_with(temp.path(), &flags);
        let found = ready_on(&server, "volume-backups", &backup, round);
        cut_short += u32::from(!found.contains(&second));
        assert!(found.contains(&first) && (!acknowledged || found.contains(&second)), "round {round}: {found:?}");
        copy(&server);
        assert_eq!(ready_on(&server, "volume-backups", &backup, round).len(), 2);
        let image = template(&server, &backup, &second);
        assert!(download(&server, &second, &image) == disk, "round {round}");
        forget(&server);
    }
    assert!(cut_short > 2, "too few copies were cut short to tell: {cut_short}");
    let image = template(&server, &backup, &first);
    assert!(download(&server, &first, &image) == disk);
}

#[test]
fn an_image_whose_move_was_killed_is_whole_wherever_it_is_and_can_be_moved() {
    let disk = noise(5, DISK);
    let (temp, _) = data_with("disk.raw", &disk);
    let flags = ["--digests", "on-export"];
    let server = Server::start_with(temp.path(), &flags);
    let (mut from, mut to) = (server.backup_storage(), second_storage(&server, temp.path()));
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let image = template(&server, &backup, &from);
    let path = format!("/zstack/v1/backup-storage/images/{image}/actions");
    let body = |from: &str, to: &str| json!({"backupStorageMigrateImage": {"srcBackupStorageUuid": from, "dstBackupStorageUuid": to}});
    // Nothing of it stays on the first storage by which a copy back would be shorter.
    server.delete(&format!("/zstack/v1/volume-backups/{backup}")).ok();
    let stores = [temp.path().join("store"), temp.path().join("second")];
    let bytes = || stores.iter().map(|store| stored_bytes(store)).sum::<u64>();
    let (mut server, mut cut_short) = (server, 0);
    for round in 0..ROUNDS {
        let before = bytes();
        let has_come = || bytes() > before + round * (DISK as u64) / ROUNDS;
        let acknowledged = call_and_kill_when(server, "PUT", &path, &body(&from, &to), has_come);
        server = Server::start_with(temp.path(), &flags);
        let found = ready_on(&server, "images", &image, round);
        cut_short += u32::from(!found.contains(&to));
        assert!(!acknowledged || found == [to.clone()], "round {round}: {found:?}");
        assert!(!found.is_empty(), "round {round}");
        for storage in &found {
            assert!(download(&server, storage, &image) == disk, "round {round}");
        }
        if found.contains(&from) {
            server.finish(server.put(&path, &body(&from, &to))).ok();
        }
        assert_eq!(ready_on(&server, "images", &image, round), [to.clone()]);
        assert!(download(&server, &to, &image) == disk, "round {round}");
        std::mem::swap(&mut from, &mut to);
    }
    assert!(cut_short > 2, "too few moves were cut short to tell: {cut_short}");
}

fn lose_the_database(data: &Path) {
    for file in database_files(data) {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn a_reconciliation_that_was_killed_has_adopted_only_what_is_whole_and_is_ended_by_the_next() {
    let disk = noise(6, 2 << 20);
    let (temp, path) = data_with("disk.raw", &disk);
    let flags = ["--digests", "on-export"];
    let server = Server::start_with(temp.path(), &flags);
    let volume = server.volume("disk.raw", "raw");
    let mut backups = Vec::new();
    for nth in 0..40_u64 {
        let mut content = disk.clone();
        content[..8].copy_from_slice(&nth.to_le_bytes());
        std::fs::write(&path, &content).unwrap();
        backups.push((text(&server.backup(&volume)["uuid"]), content));
    }
    let storage = server.backup_storage();
    let images: Vec<_> = (0..IMAGES).map(|_| server.template(&backups[7].0, "kept").inventory()).collect();
    let store = format!("/zstack/v1/backup-storage/{storage}/image-store");
    until("all records", || {
        let reply = server.put(&store, &json!({"getImagesFromImageStoreBackupStorage": {}})).ok();
        reply["infos"].as_array().is_some_and(|infos| infos.len() == images.len())
    });
    let action = format!("/zstack/v1/volume-backups/imageStore/{storage}/actions");
    let body: Value = json!({"syncVolumeBackup": {}});
    let written =
        || database_files(temp.path()).iter().map(|file| file.metadata().map_or(0, |it| it.len())).sum::<u64>();
    let (mut server, mut cut_short) = (server, 0);
    for round in 0..ROUNDS {
        server.kill();
        lose_the_database(temp.path());
        server = Server::start_with(temp.path(), &flags);
        let before = written();
        let has_come = || written() > before + round * 110_000;
        let acknowledged = call_and_kill_when(server, "PUT", &action, &body, has_come);
        server = Server::start_with(temp.path(), &flags);
        let found = server.query("/zstack/v1/volume-backups");
        assert!(found.iter().all(|row| row["status"] == "Ready"), "round {round}");
        assert!(!acknowledged || found.len() == backups.len(), "round {round}: {}", found.len());
        let some = server.query("/zstack/v1/images?limit=1000");
        assert!(some.iter().all(|row| row["status"] == "Ready"), "round {round}");
        assert!(!acknowledged || some.len() == images.len(), "round {round}: {}", some.len());
        cut_short += u32::from((1..backups.len() + images.len()).contains(&(found.len() + some.len())));
        let (new, deleted) = counts(&sync_backups(&server, &storage));
        let new = usize::try_from(new).unwrap();
        assert_eq!((found.len() + new, deleted), (backups.len(), 0), "round {round}");
        assert_eq!(server.query("/zstack/v1/volume-backups").len(), backups.len());
        assert_eq!(server.query("/zstack/v1/images?limit=1000").len(), images.len());
        let (backup, content) = &backups[usize::try_from(round).unwrap() * 4];
        let made = template(&server, backup, &storage);
        assert!(download(&server, &storage, &made) == *content, "round {round}");
        assert!(download(&server, &storage, &text(&images[0]["uuid"])) == backups[7].1, "round {round}");
        // The store may be written to again.
        let again = server.volume("disk.raw", "raw");
        let taken = text(&server.backup(&again)["uuid"]);
        server.delete(&format!("/zstack/v1/volume-backups/{taken}")).ok();
        server.delete(&format!("/zstack/v1/images/{made}")).ok();
        server.put(&format!("/zstack/v1/images/{made}/actions"), &json!({"expungeImage": {}})).ok();
    }
    assert!(cut_short > 2, "too few reconciliations were cut short in their middle to tell: {cut_short}");
}
