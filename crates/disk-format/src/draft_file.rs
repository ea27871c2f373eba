//! A file that is written under a temporary name and takes its own name when it is whole.
//!
//! * A reader of the name finds the whole file or none, or, when it replaces another, one of the two: never a part.
//! * Dropped before that, or cut short by a crash, it leaves at most a file of the temporary name, which
//!   [`remove_abandoned_drafts`] finds. A draft that is being written is locked, so that nobody takes it for abandoned.
//! * A draft never leaves its directory, which was resolved as by [`crate::open_beneath`].

use crate::DiskInUse;
use crate::OpenBeneathError;
use crate::OpenMode;
use crate::WriteLock;
use crate::open_beneath;
use crate::open_beneath::open_parent_beneath;
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::fcntl::OFlag;
use nix::fcntl::openat;
use nix::fcntl::renameat;
use nix::sys::stat::FileStat;
use nix::sys::stat::Mode;
use nix::sys::stat::fstatat;
use nix::sys::statvfs::fstatvfs;
use nix::unistd::UnlinkatFlags;
use nix::unistd::linkat;
use nix::unistd::unlinkat;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::fchown;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// What the temporary names begin with.
const PREFIX: &str = ".imprint-draft-";

/// So many names may be taken by other processes of the same number, on other machines that share the directory.
const MOST_TRIES: u32 = 1000;

/// A file that is being written.
#[derive(Debug)]
pub struct DraftFile {
    dir: File,
    temporary: String,
    name: String,
    file: File,
    named: bool,
    // Last: it must outlive the removal of the temporary name.
    _lock: WriteLock,
}

/// What may lie under a draft's own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Nothing: whatever is there stays, and the draft does not take its name.
    Refuse,
    /// A file, which is gone afterwards.
    Replace,
}

impl DraftFile {
    /// A new empty file that is to be named `name` beneath `dir`. Only its owner may read it.
    pub fn create(dir: &Path, name: &str) -> Result<Self, OpenBeneathError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (dir, name) = open_parent_beneath(dir, name)?;
        let mut last = Errno::EEXIST;
        for _ in 0..MOST_TRIES {
            let temporary = format!("{PREFIX}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
            let file = match openat(&dir, temporary.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR) {
                Ok(file) => File::from(file),
                Err(Errno::EEXIST) => continue,
                Err(errno) => {
                    last = errno;
                    break;
                }
            };
            // Between the two somebody may have taken it for abandoned.
            if let Some(lock) = WriteLock::take(&file).ok().filter(|_| is_named(&file)) {
                return Ok(Self { dir, temporary, name, file, named: false, _lock: lock });
            }
            let _ = unlinkat(&dir, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
        }
        Err(OpenBeneathError::Open { name, source: last.into() })
    }

    /// The file itself.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives it the owner and the permissions of the file that it is to replace.
    pub fn take_after(&self, other: &File) -> io::Result<()> {
        let (ours, theirs) = (self.file.metadata()?, other.metadata()?);
        if (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid()) {
            fchown(&self.file, Some(theirs.uid()), Some(theirs.gid()))?;
        }
        self.file.set_permissions(theirs.permissions())
    }

    /// Makes the content durable, gives the file its name, and makes that durable too.
    pub fn publish(mut self, existing: Existing) -> io::Result<()> {
        self.file.sync_all()?;
        match existing {
            Existing::Refuse => self.link()?,
            Existing::Replace => renameat(&self.dir, self.temporary.as_str(), &self.dir, self.name.as_str())?,
        }
        self.named = true;
        let synced = self.dir.sync_all();
        if synced.is_err() && existing == Existing::Refuse {
            self.take_name_back();
        }
        synced
    }

    /// Whoever is told that it failed must not find it later, as far as that can still be done.
    fn take_name_back(&self) {
        let _ = unlinkat(&self.dir, self.name.as_str(), UnlinkatFlags::NoRemoveDir);
        let _ = self.dir.sync_all();
    }

    /// A second name never replaces a file. Where a file system has no second names, a look comes before the rename: ours
    /// is the only program that makes files of such names.
    fn link(&self) -> Result<(), Errno> {
        let (temporary, name) = (self.temporary.as_str(), self.name.as_str());
        match linkat(&self.dir, temporary, &self.dir, name, AtFlags::empty()) {
            Ok(()) => {
                let removed = unlinkat(&self.dir, temporary, UnlinkatFlags::NoRemoveDir);
                if removed.is_err() {
                    self.take_name_back();
                }
                removed
            }
            Err(Errno::EPERM | Errno::ENOSYS | Errno::EOPNOTSUPP | Errno::EMLINK) => {
                match fstatat(&self.dir, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
                    Err(Errno::ENOENT) => renameat(&self.dir, temporary, &self.dir, name),
                    found => Err(found.map_or_else(|errno| errno, |_: FileStat| Errno::EEXIST)),
                }
            }
            Err(errno) => Err(errno),
        }
    }
}

impl Drop for DraftFile {
    fn drop(&mut self) {
        if !self.named {
            // What cannot be removed now is found as abandoned later.
            let _ = unlinkat(&self.dir, self.temporary.as_str(), UnlinkatFlags::NoRemoveDir);
        }
    }
}

fn is_named(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.nlink() > 0)
}

/// Bytes that may still be written on the file system of a file.
pub fn available_space(file: &File) -> io::Result<u64> {
    let found = fstatvfs(file)?;
    Ok(found.blocks_available().saturating_mul(found.fragment_size()))
}

/// Removes the drafts that lie directly in `dir` and that nobody writes any more. Answers how many.
pub fn remove_abandoned_drafts(dir: &Path) -> io::Result<u64> {
    let mut removed = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let Ok(file) = open_beneath(dir, name, OpenMode::ReadWrite) else { continue };
        if let Ok(_lock) = WriteLock::take(&file) {
            std::fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Why a file was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveBeneathError {
    /// It cannot be reached.
    #[error(transparent)]
    Open(#[from] OpenBeneathError),
    /// Somebody uses it.
    #[error(transparent)]
    InUse(DiskInUse),
    /// The system refused.
    #[error("remove the file")]
    Remove(#[source] io::Error),
}

/// Removes the file `name` beneath `dir`, durably, unless a process that keeps to QEMU's locks uses it. Answers whether
/// there was one.
pub fn remove_beneath(dir: &Path, name: &str) -> Result<bool, RemoveBeneathError> {
    let file = match open_beneath(dir, name, OpenMode::ReadWrite) {
        Err(OpenBeneathError::NotFound { .. }) => return Ok(false),
        file => file?,
    };
    let _lock = WriteLock::take(&file).map_err(RemoveBeneathError::InUse)?;
    let (parent, name) = open_parent_beneath(dir, name)?;
    let removed = unlinkat(&parent, name.as_str(), UnlinkatFlags::NoRemoveDir).map_err(io::Error::from);
    removed.and_then(|()| parent.sync_all()).map_err(RemoveBeneathError::Remove)?;
    Ok(true)
}
