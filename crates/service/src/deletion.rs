//! What becomes of images and volumes that are deleted.

use std::time::Duration;

/// What deleting does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// It can be recovered for a while, then it is expunged.
    Delay,
    /// It is expunged at once.
    Direct,
    /// It can be recovered until somebody expunges it.
    Never,
}

/// How deletions are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeletionSettings {
    /// Of images.
    pub images: DeletionPolicy,
    /// Of volumes.
    pub volumes: DeletionPolicy,
    /// How long what is deleted by [`DeletionPolicy::Delay`] can be recovered.
    pub expunge_after: Duration,
}

impl DeletionSettings {
    /// The same in seconds.
    pub(crate) fn expunge_seconds(self) -> i64 {
        i64::try_from(self.expunge_after.as_secs()).unwrap_or(i64::MAX)
    }
}
