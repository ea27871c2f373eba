//! A disk that is read no faster than asked for, so that a backup leaves room for the volume's own guest.

use imprint_disk_format::{Disk, Extent, ReadDiskError};
use imprint_image_store::Progress;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest sleep before it is asked again whether the work has to end.
const NAP: Duration = Duration::from_millis(100);

/// Reads a disk at so many bytes a second at most, on all threads together.
pub(crate) struct Throttled<'a> {
    disk: &'a dyn Disk,
    bytes_per_second: u64,
    watch: &'a (dyn Progress + Sync),
    /// When the next read may begin.
    free_at: Mutex<Instant>,
}

impl<'a> Throttled<'a> {
    pub(crate) fn new(disk: &'a dyn Disk, bytes_per_second: u64, watch: &'a (dyn Progress + Sync)) -> Self {
        Self { disk, bytes_per_second: bytes_per_second.max(1), watch, free_at: Mutex::new(Instant::now()) }
    }

    /// Takes a turn of `len` bytes and answers how long it is until that turn begins.
    fn turn(&self, len: u64, now: Instant) -> Duration {
        let nanos = u128::from(len) * 1_000_000_000 / u128::from(self.bytes_per_second);
        let takes = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        // Time that nobody used is not saved up: after a pause the guest would meet a burst.
        let begins = (*free_at).max(now);
        *free_at = begins + takes;
        begins.saturating_duration_since(now)
    }
}

impl Disk for Throttled<'_> {
    fn size(&self) -> u64 {
        self.disk.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), ReadDiskError> {
        let mut left = self.turn(buf.len() as u64, Instant::now());
        // At a low limit a turn takes minutes: work that has to end reads on at once, and ends.
        while !left.is_zero() && !self.watch.is_cancelled() {
            let nap = left.min(NAP);
            std::thread::sleep(nap);
            left -= nap;
        }
        self.disk.read_at(offset, buf)
    }

    fn extent_at(&self, offset: u64) -> Result<Extent, ReadDiskError> {
        self.disk.extent_at(offset)
    }

    fn check_unchanged(&self) -> Result<(), ReadDiskError> {
        self.disk.check_unchanged()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Disk for Nothing {
        fn size(&self) -> u64 {
            0
        }

        fn read_at(&self, _: u64, _: &mut [u8]) -> Result<(), ReadDiskError> {
            Ok(())
        }

        fn extent_at(&self, offset: u64) -> Result<Extent, ReadDiskError> {
            Err(ReadDiskError::OutOfRange { offset, len: 0, size: 0 })
        }

        fn check_unchanged(&self) -> Result<(), ReadDiskError> {
            Ok(())
        }
    }

    struct Cancelled(bool);

    impl Progress for Cancelled {
        fn advanced(&self, _: imprint_image_store::WriteProgress) {}

        fn is_cancelled(&self) -> bool {
            self.0
        }
    }

    #[test]
    fn work_that_has_to_end_waits_for_no_turn() {
        let disk = Throttled::new(&Nothing, 1, &Cancelled(true));
        let begun = Instant::now();
        for _ in 0..3 {
            disk.read_at(0, &mut [0; 1000]).unwrap();
        }
        assert!(begun.elapsed() < Duration::from_mins(1));
    }

    #[test]
    fn turns_follow_each_other_at_the_rate_and_a_pause_is_not_saved_up() {
        let disk = Throttled::new(&Nothing, 1000, &Cancelled(false));
        let start = Instant::now() + Duration::from_secs(1);
        assert_eq!(disk.turn(500, start), Duration::ZERO);
        assert_eq!(disk.turn(500, start), Duration::from_millis(500));
        assert_eq!(disk.turn(1, start), Duration::from_secs(1));
        let later = start + Duration::from_mins(1);
        assert_eq!(disk.turn(1000, later), Duration::ZERO);
        assert_eq!(disk.turn(1, later), Duration::from_secs(1));
    }
}
