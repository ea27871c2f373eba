//! The file system through the kernel, as programs see it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, Instant};

use imprint_test_support::{Effect, Fault, Lasts, PowerCutFs, Step, Survives};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// Runs the check on a mounted file system, where one can be mounted.
fn check(check: impl FnOnce(&PowerCutFs, &Path)) {
    match PowerCutFs::mount() {
        Ok(mounted) => check(&mounted, mounted.path()),
        Err(unsupported) => println!("not checked here: {unsupported}: {unsupported:?}"),
    }
}

/// Writes a file, made durable if so wished, and its name never.
fn write(path: &Path, bytes: &[u8], sync: bool) {
    let mut file = File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    if sync {
        file.sync_all().unwrap();
    }
}

fn sync_directory(path: &Path) {
    File::open(path).unwrap().sync_all().unwrap();
}

fn cut_and_restore(mounted: &PowerCutFs) {
    mounted.cut_power();
    mounted.restore(Survives::DurableOnly);
}

#[test]
fn synced_data_stay_and_unsynced_data_vanish() {
    check(|mounted, root| {
        write(&root.join("synced"), b"content", true);
        write(&root.join("unsynced"), b"content", false);
        sync_directory(root);
        write(&root.join("unnamed"), b"content", true);
        cut_and_restore(mounted);
        assert_eq!(fs::read(root.join("synced")).unwrap(), b"content");
        assert_eq!(fs::read(root.join("unsynced")).unwrap(), b"");
        assert!(!root.join("unnamed").exists());
    });
}

#[test]
fn a_rename_without_a_directory_sync_vanishes() {
    check(|mounted, root| {
        write(&root.join("target"), b"old", true);
        sync_directory(root);
        write(&root.join("staged"), b"new", true);
        fs::rename(root.join("staged"), root.join("target")).unwrap();
        assert_eq!(fs::read(root.join("target")).unwrap(), b"new");
        cut_and_restore(mounted);
        assert_eq!(fs::read(root.join("target")).unwrap(), b"old");
        assert!(!root.join("staged").exists());

        write(&root.join("staged"), b"new", true);
        fs::rename(root.join("staged"), root.join("target")).unwrap();
        sync_directory(root);
        cut_and_restore(mounted);
        assert_eq!(fs::read(root.join("target")).unwrap(), b"new");
    });
}

#[test]
fn without_power_every_operation_fails_and_old_handles_stay_broken() {
    check(|mounted, root| {
        write(&root.join("file"), b"content", true);
        sync_directory(root);
        let old = OpenOptions::new().write(true).open(root.join("file")).unwrap();
        mounted.cut_power();
        assert!(mounted.is_cut());
        let errors = [
            fs::read(root.join("file")).unwrap_err(),
            fs::write(root.join("new"), b"x").unwrap_err(),
            fs::rename(root.join("file"), root.join("other")).unwrap_err(),
            fs::read_dir(root).map(|_| ()).unwrap_err(),
            old.write_at(b"x", 0).unwrap_err(),
        ];
        assert!(errors.iter().all(|error| error.raw_os_error() == Some(EIO)), "{errors:?}");
        mounted.restore(Survives::DurableOnly);
        assert_eq!(fs::read(root.join("file")).unwrap(), b"content");
        assert_eq!(old.write_at(b"x", 0).unwrap_err().raw_os_error(), Some(EIO));
    });
}

#[test]
fn pages_of_the_kernel_do_not_show_what_was_lost() {
    check(|mounted, root| {
        let path = root.join("file");
        write(&path, b"old", true);
        sync_directory(root);
        write(&path, b"new", false);
        assert_eq!(fs::read(&path).unwrap(), b"new");
        cut_and_restore(mounted);
        assert_eq!(fs::read(&path).unwrap(), b"old");
    });
}

#[test]
fn some_unsynced_changes_survive_and_the_seed_decides_which() {
    check(|mounted, root| {
        let mut lengths = std::collections::BTreeSet::new();
        for seed in 0..20 {
            let path = root.join(format!("file-{seed}"));
            write(&path, b"", true);
            sync_directory(root);
            write(&path, &[7; 10 * 512], false);
            mounted.cut_power();
            mounted.restore(Survives::SomeUnsynced { seed });
            let found = fs::read(&path).unwrap();
            assert!(found.chunks(512).all(|sector| sector == [7; 512] || sector == [0; 512]));
            lengths.insert(found.chunks(512).filter(|sector| *sector == [7; 512]).count());
        }
        assert!(lengths.len() > 3, "always alike: {lengths:?}");
    });
}

#[test]
fn writes_and_syncs_fail_when_they_are_told_to() {
    check(|mounted, root| {
        let mut file = File::create(root.join("file")).unwrap();
        mounted.fail_after(2, ENOSPC);
        file.write_all(b"one").unwrap();
        file.sync_all().unwrap();
        assert_eq!(file.write_all(b"two").unwrap_err().raw_os_error(), Some(ENOSPC));
        mounted.heal();
        let short = Fault { steps: vec![Step::Write], after: 0, effect: Effect::ShortWrite, lasts: Lasts::Once };
        mounted.inject(short);
        assert_eq!(file.write(b"four").unwrap(), 2);
        let failing = Fault { steps: vec![Step::Sync], after: 0, effect: Effect::Errno(EIO), lasts: Lasts::Once };
        mounted.inject(failing);
        assert_eq!(file.sync_all().unwrap_err().raw_os_error(), Some(EIO));
        file.sync_all().unwrap();
        sync_directory(root);
        cut_and_restore(mounted);
        assert_eq!(fs::read(root.join("file")).unwrap(), b"one");
    });
}

#[test]
fn power_fails_at_the_operation_that_was_chosen() {
    check(|mounted, root| {
        let run = || -> std::io::Result<()> {
            let mut file = File::create(root.join("staged"))?;
            file.write_all(b"content")?;
            file.sync_all()?;
            fs::rename(root.join("staged"), root.join("file"))?;
            File::open(root)?.sync_all()
        };
        let all = [Step::Write, Step::Sync, Step::Name];
        run().unwrap();
        let steps = mounted.count(&all);
        assert_eq!(steps, 5);
        fs::remove_file(root.join("file")).unwrap();
        sync_directory(root);
        for after in 0..steps {
            mounted.inject(Fault { steps: all.to_vec(), after, effect: Effect::PowerCut, lasts: Lasts::Once });
            run().unwrap_err();
            mounted.restore(Survives::DurableOnly);
            assert!(!root.join("file").exists(), "power cut at {after}");
        }
        run().unwrap();
        cut_and_restore(mounted);
        assert_eq!(fs::read(root.join("file")).unwrap(), b"content");
    });
}

#[test]
fn a_full_disk_is_full_until_something_is_removed() {
    check(|mounted, root| {
        mounted.set_capacity(1 << 20);
        fs::write(root.join("large"), vec![1; 1 << 20]).unwrap();
        let error = fs::write(root.join("more"), b"x").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(ENOSPC));
        fs::remove_file(root.join("large")).unwrap();
        // A process that another test is just starting has all open files, too, until it runs a program of its own: so
        // the space may come back a moment later.
        let deadline = Instant::now() + Duration::from_mins(1);
        while let Err(error) = fs::write(root.join("more"), b"x") {
            assert_eq!(error.raw_os_error(), Some(ENOSPC));
            assert!(Instant::now() < deadline, "still full a minute after the removal");
            std::thread::yield_now();
        }
    });
}

#[test]
fn sparse_files_links_and_listings_work_as_on_any_file_system() {
    check(|_mounted, root| {
        let file = File::create_new(root.join("sparse")).unwrap();
        file.set_len(1 << 40).unwrap();
        file.write_all_at(b"x", 1 << 30).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 1 << 40);
        assert_eq!(file.metadata().unwrap().blocks(), 8);
        assert_eq!(nix::unistd::lseek(&file, 0, nix::unistd::Whence::SeekData).unwrap(), 1 << 30);
        assert_eq!(nix::unistd::lseek(&file, 1 << 30, nix::unistd::Whence::SeekHole).unwrap(), (1 << 30) + 4096);
        assert!(File::create_new(root.join("sparse")).is_err());

        fs::hard_link(root.join("sparse"), root.join("linked")).unwrap();
        assert_eq!(file.metadata().unwrap().nlink(), 2);
        let mut byte = [0];
        let linked = File::open(root.join("linked")).unwrap();
        linked.read_at(&mut byte, 1 << 30).unwrap();
        assert_eq!(byte, *b"x");

        fs::create_dir_all(root.join("a/b")).unwrap();
        for number in 0..300 {
            fs::write(root.join(format!("a/b/file-{number}")), b"x").unwrap();
        }
        assert_eq!(fs::read_dir(root.join("a/b")).unwrap().count(), 300);
        assert!(fs::remove_dir(root.join("a")).is_err());
        fs::remove_dir_all(root.join("a")).unwrap();
        assert!(!root.join("a").exists());
        fs::remove_file(root.join("sparse")).unwrap();
        assert_eq!(file.metadata().unwrap().nlink(), 1);
        assert_eq!(linked.read_at(&mut byte, 1 << 30).unwrap(), 1);
    });
}
