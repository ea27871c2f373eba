use super::*;

fn name(text: &str) -> &OsStr {
    OsStr::new(text)
}

/// A disk with one durable file `kept` that holds `old`.
fn disk_with_a_durable_file() -> Disk {
    let mut disk = Disk::new();
    let file = disk.make_file(ROOT, name("kept"), 0o600).unwrap().inode;
    disk.write(file, 0, b"old").unwrap();
    disk.sync(file).unwrap();
    disk.sync(ROOT).unwrap();
    disk
}

fn content(disk: &Disk, of: &str) -> Option<Vec<u8>> {
    let found = disk.lookup(ROOT, name(of)).ok()?;
    Some(disk.read(found.inode, 0, 100).unwrap())
}

#[test]
fn what_was_not_synced_is_gone() {
    let mut disk = disk_with_a_durable_file();
    let kept = disk.lookup(ROOT, name("kept")).unwrap().inode;
    disk.write(kept, 0, b"new").unwrap();
    let unnamed = disk.make_file(ROOT, name("unnamed"), 0o600).unwrap().inode;
    disk.write(unnamed, 0, b"content").unwrap();
    disk.sync(unnamed).unwrap();
    assert_eq!(content(&disk, "kept").unwrap(), b"new");
    disk.lose_power(Survives::DurableOnly);
    assert_eq!(content(&disk, "kept").unwrap(), b"old");
    assert_eq!(content(&disk, "unnamed"), None);
    assert_eq!(disk.read(kept, 0, 1), Err(DiskError::Stale));
}

#[test]
fn a_name_is_durable_before_its_content_is() {
    let mut disk = Disk::new();
    let file = disk.make_file(ROOT, name("empty"), 0o600).unwrap().inode;
    disk.write(file, 0, b"content").unwrap();
    disk.sync(ROOT).unwrap();
    disk.lose_power(Survives::DurableOnly);
    assert_eq!(content(&disk, "empty").unwrap(), b"");
}

#[test]
fn a_rename_is_durable_with_its_directory_only() {
    let mut disk = disk_with_a_durable_file();
    disk.rename((ROOT, name("kept")), (ROOT, name("renamed")), true).unwrap();
    let mut without_sync = disk;
    without_sync.lose_power(Survives::DurableOnly);
    assert_eq!(content(&without_sync, "kept").unwrap(), b"old");
    assert_eq!(content(&without_sync, "renamed"), None);

    let mut disk = without_sync;
    disk.rename((ROOT, name("kept")), (ROOT, name("renamed")), true).unwrap();
    disk.sync(ROOT).unwrap();
    disk.lose_power(Survives::DurableOnly);
    assert_eq!(content(&disk, "kept"), None);
    assert_eq!(content(&disk, "renamed").unwrap(), b"old");
}

#[test]
fn a_rename_never_loses_both_names_whatever_survives() {
    let (mut old, mut new) = (0, 0);
    for seed in 0..40 {
        let mut disk = disk_with_a_durable_file();
        disk.make_file(ROOT, name("other"), 0o600).unwrap();
        disk.rename((ROOT, name("kept")), (ROOT, name("renamed")), true).unwrap();
        disk.lose_power(Survives::SomeUnsynced { seed });
        let found = (content(&disk, "kept"), content(&disk, "renamed"));
        match found {
            (Some(bytes), None) => {
                assert_eq!(bytes, b"old");
                old += 1;
            }
            (None, Some(bytes)) => {
                assert_eq!(bytes, b"old");
                new += 1;
            }
            other => panic!("seed {seed}: {other:?}"),
        }
    }
    assert!(old > 0 && new > 0, "{old} kept the old name, {new} the new one");
}

#[test]
fn a_move_between_directories_is_found_in_one_of_them_at_least() {
    let mut disk = disk_with_a_durable_file();
    let directory = disk.make_directory(ROOT, name("directory"), 0o700).unwrap().inode;
    disk.sync(ROOT).unwrap();
    disk.rename((ROOT, name("kept")), (directory, name("moved")), true).unwrap();
    disk.sync(directory).unwrap();
    disk.lose_power(Survives::DurableOnly);
    let directory = disk.lookup(ROOT, name("directory")).unwrap().inode;
    assert!(disk.lookup(directory, name("moved")).is_ok());
    assert_eq!(content(&disk, "kept").unwrap(), b"old");
    assert_eq!(disk.facts(disk.lookup(ROOT, name("kept")).unwrap().inode).unwrap().links, 2);
}

#[test]
fn a_failed_sync_loses_the_content_for_good() {
    let mut disk = disk_with_a_durable_file();
    let kept = disk.lookup(ROOT, name("kept")).unwrap().inode;
    disk.write(kept, 0, b"new").unwrap();
    disk.sync_failed(kept).unwrap();
    disk.sync(kept).unwrap();
    assert_eq!(content(&disk, "kept").unwrap(), b"new");
    disk.lose_power(Survives::DurableOnly);
    assert_eq!(content(&disk, "kept").unwrap(), b"old");
}

#[test]
fn space_comes_back_when_the_last_handle_is_closed() {
    let mut disk = Disk::new();
    disk.set_capacity(2 * PAGE);
    let file = disk.make_file(ROOT, name("file"), 0o600).unwrap().inode;
    disk.opened(file).unwrap();
    assert_eq!(disk.write(file, 0, &[1; 3 * 4096]), Ok(2 * 4096));
    assert_eq!(disk.write(file, 2 * PAGE, &[1]), Err(DiskError::NoSpace));
    disk.unlink(ROOT, name("file")).unwrap();
    assert_eq!(disk.space(), (2 * PAGE, 0));
    disk.closed(file);
    assert_eq!(disk.space(), (2 * PAGE, 2 * PAGE));
    assert!(disk.inodes.len() == 1 && disk.facts(file) == Err(DiskError::Stale));
}
