//! Work that is cut into units which do not depend on each other, done on all cores.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Works units off on as many threads as there are cores, and ends with the first error. Only the units under way are held in
/// memory. Blocks; a panic of `work` is one of the caller.
pub(crate) fn work_off<U, E>(
    units: impl Iterator<Item = Result<U, E>> + Send,
    work: impl Fn(U) -> Result<(), E> + Sync,
) -> Result<(), E>
where
    U: Send,
    E: Send,
{
    let units = Mutex::new(units);
    let failed = AtomicBool::new(false);
    let failure = Mutex::new(None);
    let run = || {
        while !failed.load(Ordering::Relaxed) {
            let next = units.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(unit) = next else { return };
            if let Err(error) = unit.and_then(&work) {
                failed.store(true, Ordering::Relaxed);
                failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn every_unit_is_worked_off_once() {
        let sum = AtomicU64::new(0);
        let units = (1..=1000).map(Ok::<u64, ()>);
        let done = work_off(units, |unit| {
            sum.fetch_add(unit, Ordering::Relaxed);
            Ok(())
        });
        assert_eq!((done, sum.into_inner()), (Ok(()), 500_500));
    }

    #[test]
    fn the_first_error_ends_it_whether_a_unit_or_its_work_has_it() {
        let units = (0u64..).map(|unit| if unit < 10 { Ok(unit) } else { Err("unit") });
        assert_eq!(work_off(units, |_| Ok(())), Err("unit"));
        let begun = AtomicU64::new(0);
        let work = |_| {
            begun.fetch_add(1, Ordering::Relaxed);
            Err("work")
        };
        assert_eq!(work_off((0u64..).map(Ok), work), Err("work"));
        assert!(begun.into_inner() < 1000);
    }
}
