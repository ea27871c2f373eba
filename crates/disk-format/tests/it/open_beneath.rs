//! Files are opened beneath their directory and nowhere else.

use imprint_disk_format::OpenBeneathError;
use imprint_disk_format::OpenMode;
use imprint_disk_format::open_beneath;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;
use tempfile::TempDir;

/// A directory `volumes` with a file, beside a secret that must stay out of reach.
fn volumes() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let volumes = dir.path().join("volumes");
    std::fs::create_dir_all(volumes.join("sub")).unwrap();
    std::fs::write(dir.path().join("secret"), "secret").unwrap();
    std::fs::write(volumes.join("disk"), "disk").unwrap();
    std::fs::write(volumes.join("sub/disk"), "sub").unwrap();
    (dir, volumes)
}

fn read(mut file: std::fs::File) -> String {
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn files_in_the_directory_and_below_it_are_opened() {
    let (_dir, volumes) = volumes();
    for (name, text) in [("disk", "disk"), ("./disk", "disk"), ("sub/disk", "sub"), ("sub//disk", "sub")] {
        assert_eq!(read(open_beneath(&volumes, name, OpenMode::ReadOnly).unwrap()), text);
    }
    assert!(open_beneath(&volumes, "disk", OpenMode::ReadOnly).unwrap().write_all(b"x").is_err());
    open_beneath(&volumes, "disk", OpenMode::ReadWrite).unwrap().write_all(b"DISK").unwrap();
    assert_eq!(read(open_beneath(&volumes, "disk", OpenMode::ReadOnly).unwrap()), "DISK");
}

#[test]
fn a_new_file_is_for_its_owner_only_and_never_an_old_one() {
    let (_dir, volumes) = volumes();
    let file = open_beneath(&volumes, "new", OpenMode::CreateNew).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o177, 0);
    for name in ["new", "disk", "sub"] {
        let again = open_beneath(&volumes, name, OpenMode::CreateNew).err();
        assert!(matches!(again, Some(OpenBeneathError::AlreadyExists { .. })), "{name}: {again:?}");
    }
}

#[test]
fn names_that_lead_outside_are_refused_each_with_its_error() {
    let (dir, volumes) = volumes();
    let secret = dir.path().join("secret");
    symlink(&secret, volumes.join("link")).unwrap();
    symlink("disk", volumes.join("harmless")).unwrap();
    symlink(dir.path(), volumes.join("up")).unwrap();
    for mode in [OpenMode::ReadOnly, OpenMode::ReadWrite, OpenMode::CreateNew] {
        let error = |name: &str| open_beneath(&volumes, name, mode).expect_err(name);
        assert!(matches!(error(secret.to_str().unwrap()), OpenBeneathError::Absolute { .. }));
        for name in ["..", "../secret", "sub/../disk", "sub/../../secret"] {
            assert!(matches!(error(name), OpenBeneathError::Parent { .. }));
        }
        for name in ["", "disk\0", "\0"] {
            assert!(matches!(error(name), OpenBeneathError::InvalidName { .. }));
        }
        assert!(matches!(error("up/secret"), OpenBeneathError::Symlink { .. }));
        for name in ["link", "harmless"] {
            let found = error(name);
            match mode {
                OpenMode::CreateNew => assert!(matches!(found, OpenBeneathError::AlreadyExists { .. })),
                _ => assert!(matches!(found, OpenBeneathError::Symlink { .. }), "{found:?}"),
            }
        }
    }
    let missing = open_beneath(&volumes, "missing", OpenMode::ReadOnly).unwrap_err();
    assert!(matches!(missing, OpenBeneathError::NotFound { .. }));
    let no_dir = open_beneath(&volumes.join("missing"), "disk", OpenMode::ReadOnly).unwrap_err();
    assert!(matches!(no_dir, OpenBeneathError::Directory(_)));
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting_for_it() {
    let (_dir, volumes) = volumes();
    assert!(Command::new("mkfifo").arg(volumes.join("fifo")).status().unwrap().success());
    let _socket = UnixListener::bind(volumes.join("socket")).unwrap();
    for mode in [OpenMode::ReadOnly, OpenMode::ReadWrite] {
        for name in ["fifo", "socket", "sub"] {
            let refused = open_beneath(&volumes, name, mode).unwrap_err();
            assert!(matches!(refused, OpenBeneathError::NotAFile { .. }), "{name}: {refused:?}");
        }
    }
}
