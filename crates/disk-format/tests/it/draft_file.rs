//! Files appear whole or not at all.

use imprint_disk_format::DraftFile;
use imprint_disk_format::Existing;
use imprint_disk_format::OpenBeneathError;
use imprint_disk_format::RemoveBeneathError;
use imprint_disk_format::WriteLock;
use imprint_disk_format::remove_abandoned_drafts;
use imprint_disk_format::remove_beneath;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;

fn draft(dir: &Path, name: &str, content: &str) -> DraftFile {
    let draft = DraftFile::create(dir, name).unwrap();
    let mut file = draft.file();
    file.write_all(content.as_bytes()).unwrap();
    draft
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_draft_takes_its_name_when_it_is_published_and_leaves_nothing_when_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("sub")).unwrap();
    for name in ["disk", "sub/disk"] {
        let whole = draft(dir.path(), name, "whole");
        assert!(!dir.path().join(name).exists());
        whole.publish(Existing::Refuse).unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join(name)).unwrap(), "whole");
    }
    drop(draft(dir.path(), "other", "half"));
    assert_eq!(names(dir.path()), ["disk", "sub"]);
    assert_eq!(names(&dir.path().join("sub")), ["disk"]);
}

#[test]
fn a_file_that_is_there_is_replaced_only_where_that_is_meant() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("disk"), "old").unwrap();
    let refused = draft(dir.path(), "disk", "new").publish(Existing::Refuse).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(dir.path().join("disk")).unwrap(), "old");
    draft(dir.path(), "disk", "new").publish(Existing::Replace).unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("disk")).unwrap(), "new");
    assert_eq!(names(dir.path()), ["disk"]);
}

#[test]
fn a_draft_stays_in_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let inside = dir.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    symlink(dir.path(), inside.join("link")).unwrap();
    for name in ["../disk", "/disk", "", "link/disk", "absent/disk", "a/"] {
        assert!(DraftFile::create(&inside, name).is_err(), "{name}");
    }
    assert_eq!(names(dir.path()), ["inside"]);
}

#[test]
fn only_drafts_that_nobody_writes_are_abandoned() {
    let dir = tempfile::tempdir().unwrap();
    let written = draft(dir.path(), "disk", "half");
    std::fs::write(dir.path().join(".imprint-draft-1-1"), "left by a crash").unwrap();
    std::fs::write(dir.path().join("disk.img"), "not ours").unwrap();
    assert_eq!(remove_abandoned_drafts(dir.path()).unwrap(), 1);
    written.publish(Existing::Refuse).unwrap();
    assert_eq!(names(dir.path()), ["disk", "disk.img"]);
}

#[test]
fn a_file_is_removed_unless_somebody_uses_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk");
    std::fs::write(&path, "x").unwrap();
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let lock = WriteLock::take(&file).unwrap();
    assert!(matches!(remove_beneath(dir.path(), "disk"), Err(RemoveBeneathError::InUse(_))));
    drop(lock);
    assert!(remove_beneath(dir.path(), "disk").unwrap());
    assert!(!remove_beneath(dir.path(), "disk").unwrap());
    symlink("/etc/passwd", dir.path().join("link")).unwrap();
    assert!(matches!(
        remove_beneath(dir.path(), "link"),
        Err(RemoveBeneathError::Open(OpenBeneathError::Symlink { .. }))
    ));
}
