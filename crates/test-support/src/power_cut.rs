//! A file system that loses power.
//!
//! [`PowerCutFs`] keeps every file twice: as the running system sees it, and as it would be found after the power was
//! cut at this instant. What holds:
//! * Content is durable after fsync or fdatasync of the file, and only then.
//! * A name (made, renamed, linked, removed) is durable after fsync of its directory, and only then. This is stricter
//!   than ext4 or XFS, which often keep more; it is what POSIX promises.
//! * A rename within one directory survives as a whole or not at all.
//! * After a failed fsync the content written before it is never made durable by a later one, as on Linux, where such
//!   pages are marked clean.
//!
//! | part | does |
//! |---|---|
//! | `content` | sparse bytes of one file, and the writes that no fsync has covered |
//! | `disk` | files and directories, both states, no FUSE: unit-tested by itself |
//! | `fault` | which operation fails, and how |
//! | `mount` | the FUSE side: one thread, one lock |

mod content;
mod disk;
mod fault;
mod mount;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fuser::BackgroundSession;
use nix::mount::{MntFlags, umount2};
use tempfile::TempDir;

use crate::temp_dir;
use disk::Disk;
pub use fault::{Effect, Fault, Lasts, Step};
use mount::{Mounted, Power};

/// What of the changes that no fsync covered is there after a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survives {
    /// Nothing.
    DurableOnly,
    /// Some sectors of 512 bytes of unsynced writes, and some first changes of each directory, chosen by the seed.
    SomeUnsynced {
        /// The same seed and the same operations give the same disk.
        seed: u64,
    },
}

/// Why the file system cannot be mounted here; a test then says so and tests through another seam.
#[derive(Debug, thiserror::Error)]
#[error("mount a FUSE file system (needs /dev/fuse, and root or fusermount3)")]
pub struct Unsupported(#[from] std::io::Error);

/// A mounted file system, empty at first, with its files in memory. Dropping it unmounts it.
#[derive(Debug)]
pub struct PowerCutFs {
    state: Arc<Mutex<Mounted>>,
    session: Option<BackgroundSession>,
    mount_point: TempDir,
}

impl PowerCutFs {
    /// Mounts an empty file system on a temporary folder.
    pub fn mount() -> Result<Self, Unsupported> {
        let mount_point = temp_dir();
        let state = Arc::new(Mutex::new(Mounted::new(Disk::new())));
        let session = mount::spawn(Arc::clone(&state), mount_point.path())?;
        Ok(Self { state, session: Some(session), mount_point })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.mount_point.path()
    }

    /// Cuts the power: from now on every operation fails with EIO, until [`Self::restore`].
    pub fn cut_power(&self) {
        self.lock().power = Power::Off;
    }

    /// Whether the power is cut, by [`Self::cut_power`] or by [`Effect::PowerCut`].
    pub fn is_cut(&self) -> bool {
        self.lock().power == Power::Off
    }

    /// Brings the file system back with what survived; faults are forgotten. Files opened before stay broken (EIO):
    /// whoever had them open must be gone or open them again.
    pub fn restore(&self, survives: Survives) {
        let mut state = self.lock();
        state.disk.lose_power(survives);
        state.faults.clear();
        state.power = Power::On;
    }

    /// Adds a fault; several may wait at once, and each counts the steps that it looks at by itself.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// The write or sync after the next `after` ones fails with EIO, ENOSPC or whatever `errno` says, and so does each
    /// one after it, until [`Self::heal`].
    pub fn fail_after(&self, after: u64, errno: i32) {
        let steps = vec![Step::Write, Step::Sync];
        self.inject(Fault { steps, after, effect: Effect::Errno(errno), lasts: Lasts::UntilHealed });
    }

    /// Forgets all faults. What they lost stays lost.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    /// How many steps of these kinds there have been: run once to learn the number, then once more for each of them
    /// with a fault at it.
    pub fn count(&self, steps: &[Step]) -> u64 {
        self.lock().faults.count(steps)
    }

    /// Limits the bytes that files may hold, in whole pages of 4096; writes beyond it fail with ENOSPC. At first
    /// 64 GiB, a number only.
    pub fn set_capacity(&self, bytes: u64) {
        self.lock().disk.set_capacity(bytes);
    }

    fn lock(&self) -> MutexGuard<'_, Mounted> {
        // A panic under the lock is a failed test already; its clean-up must still work.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PowerCutFs {
    fn drop(&mut self) {
        // Detached and forced: a server that still has files open there must not keep the mount alive.
        let unmounted = umount2(self.mount_point.path(), MntFlags::MNT_FORCE | MntFlags::MNT_DETACH);
        if let (Some(session), Ok(())) = (self.session.take(), unmounted) {
            // The connection is gone, so the session's thread ends by itself; its last words do not matter.
            let _ = session.join();
        }
    }
}
