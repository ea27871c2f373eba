//! QEMU's image locks, as its `block/file-posix.c` takes them.
//!
//! Whoever has an image open holds shared locks on single bytes of it: byte 100 + n for each permission n that it uses,
//! byte 200 + n for each that it does not share with others. Before it starts it looks for locks that contradict its own.
//! Permissions: 0 consistent read, 1 write, 2 write unchanged, 3 resize.
//! The locks belong to the open file description, so that closing another descriptor of the file does not drop them.

use nix::errno::Errno;
use nix::fcntl::FcntlArg;
use nix::fcntl::fcntl;
use nix::libc;
use std::fs::File;
use std::io;

const USES_READ: i64 = 100;
const USES_WRITE: i64 = 101;
const USES_RESIZE: i64 = 103;
const UNSHARED_READ: i64 = 200;
const UNSHARED_WRITE: i64 = 201;
const UNSHARED_RESIZE: i64 = 203;

/// Why a file may not be read now.
#[derive(Debug, thiserror::Error)]
pub enum DiskInUse {
    /// A process, most likely QEMU, has the file open for writing.
    #[error("another process has the file open for writing")]
    Written,
    /// A process has the file open and does not let us use it as we want to.
    #[error("another process has the file open and does not share it")]
    NotShared,
    /// The locks cannot be asked for or taken.
    #[error("look at the image's locks")]
    Locks(#[source] io::Error),
}

/// Fails if another process that keeps to QEMU's locks writes to the file or does not let it be read.
pub fn check_not_in_use(file: &File) -> Result<(), DiskInUse> {
    if is_locked(file, USES_WRITE)? || is_locked(file, USES_RESIZE)? {
        return Err(DiskInUse::Written);
    }
    if is_locked(file, UNSHARED_READ)? {
        return Err(DiskInUse::NotShared);
    }
    Ok(())
}

/// As long as it lives, QEMU refuses to open the file for writing; reading stays allowed.
#[derive(Debug)]
pub struct ReadLock {
    _locks: Locks,
}

/// As long as it lives, QEMU refuses to open the file at all, and no [`ReadLock`] of it is given.
#[derive(Debug)]
pub struct WriteLock {
    _locks: Locks,
}

impl ReadLock {
    /// Takes the locks of a reader, then looks whether somebody else's contradict them. In this order two that start at
    /// once can both be refused, but never both be let in.
    pub fn take(file: &File) -> Result<Self, DiskInUse> {
        let locks = Locks::take(file, &[USES_READ, UNSHARED_WRITE, UNSHARED_RESIZE])?;
        check_not_in_use(&locks.file)?;
        Ok(Self { _locks: locks })
    }
}

impl WriteLock {
    /// Takes the locks of a writer that shares nothing, then looks whether anybody else uses the file. It must be open for
    /// reading and writing.
    pub fn take(file: &File) -> Result<Self, DiskInUse> {
        let ours = [USES_READ, USES_WRITE, USES_RESIZE, UNSHARED_READ, UNSHARED_WRITE, UNSHARED_RESIZE];
        let locks = Locks::take(file, &ours)?;
        if is_locked(&locks.file, USES_WRITE)? || is_locked(&locks.file, USES_RESIZE)? {
            return Err(DiskInUse::Written);
        }
        for byte in [USES_READ, UNSHARED_READ, UNSHARED_WRITE, UNSHARED_RESIZE] {
            if is_locked(&locks.file, byte)? {
                return Err(DiskInUse::NotShared);
            }
        }
        Ok(Self { _locks: locks })
    }
}

/// Shared locks on single bytes of a file.
#[derive(Debug)]
struct Locks {
    /// A duplicate: it shares the open file description, to which the locks belong.
    file: File,
    bytes: Vec<i64>,
}

impl Locks {
    fn take(file: &File, bytes: &[i64]) -> Result<Self, DiskInUse> {
        let locks = Self { file: file.try_clone().map_err(DiskInUse::Locks)?, bytes: bytes.to_vec() };
        for byte in bytes {
            set_lock(&locks.file, libc::F_RDLCK, *byte).map_err(|errno| match errno {
                // QEMU itself only ever takes shared locks: whoever locked this byte exclusively keeps us out.
                Errno::EAGAIN | Errno::EACCES => DiskInUse::NotShared,
                errno => DiskInUse::Locks(errno.into()),
            })?;
        }
        Ok(locks)
    }
}

impl Drop for Locks {
    fn drop(&mut self) {
        for byte in &self.bytes {
            // The only failure would be a lock that stays until the file is closed.
            let _ = set_lock(&self.file, libc::F_UNLCK, *byte);
        }
    }
}

/// Whether anybody else holds a lock, shared or not, on `byte`.
fn is_locked(file: &File, byte: i64) -> Result<bool, DiskInUse> {
    let mut lock = flock(libc::F_WRLCK, byte);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock)).map_err(|errno| DiskInUse::Locks(errno.into()))?;
    Ok(i32::from(lock.l_type) != libc::F_UNLCK)
}

fn set_lock(file: &File, kind: libc::c_int, byte: i64) -> Result<(), Errno> {
    fcntl(file, FcntlArg::F_OFD_SETLK(&flock(kind, byte))).map(|_| ())
}

fn flock(kind: libc::c_int, byte: i64) -> libc::flock {
    let small = |value: libc::c_int| libc::c_short::try_from(value).expect("the constants of fcntl are small");
    libc::flock { l_type: small(kind), l_whence: small(libc::SEEK_SET), l_start: byte, l_len: 1, l_pid: 0 }
}
