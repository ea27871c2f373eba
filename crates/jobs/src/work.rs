//! The handle of one piece of long work: how long it may take, whether somebody has cancelled it, and how far it has come.
//!
//! Whoever asks for work makes the handle and keeps a clone; the job asks it often whether it may go on, and tells it what
//! it is doing. One handle may accompany several jobs that follow each other, each with its share of the whole.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// A handle of work. Clones are the same work.
#[derive(Clone, Debug)]
pub struct Work(Arc<State>);

#[derive(Debug)]
struct State {
    deadline: Option<Instant>,
    cancelled: watch::Sender<bool>,
    step: Mutex<Step>,
}

/// What is being done, and which part of the whole it is.
#[derive(Clone, Debug)]
struct Step {
    name: &'static str,
    /// The percents of the whole that this step covers.
    share: Range<u8>,
    percent: u8,
    /// The percents that all steps of the job that runs now cover together.
    part: Range<u8>,
}

/// How far work has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkProgress {
    /// What is being done, such as `read the volume`; empty before the first step.
    pub step: &'static str,
    /// How much of the whole is done, 0 to 100. It never falls.
    pub percent: u8,
}

impl Default for Work {
    fn default() -> Self {
        Self::until(None)
    }
}

impl Work {
    /// Work that is given up at `deadline`, if there is one.
    pub fn until(deadline: Option<Instant>) -> Self {
        let step = Step { name: "", share: 0..0, percent: 0, part: 0..100 };
        Self(Arc::new(State { deadline, cancelled: watch::Sender::new(false), step: Mutex::new(step) }))
    }

    /// When it is given up.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// Whether it has taken as long as it may.
    pub fn is_late(&self) -> bool {
        self.0.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Ends it early: the job stops soon, and takes back what it has begun. There is no way back.
    pub fn cancel(&self) {
        self.0.cancelled.send_replace(true);
    }

    /// Whether somebody has cancelled it.
    pub fn is_cancelled(&self) -> bool {
        *self.0.cancelled.borrow()
    }

    /// Resolves when it is cancelled, at once if it was already.
    pub async fn cancelled(&self) {
        let mut cancelled = self.0.cancelled.subscribe();
        // The sender lives as long as this work does: there is nothing else that waiting could end with.
        let _ = cancelled.wait_for(|cancelled| *cancelled).await;
    }

    /// How far it has come.
    pub fn progress(&self) -> WorkProgress {
        let step = self.step();
        WorkProgress { step: step.name, percent: step.percent }
    }

    /// The jobs that follow are those percents of the whole: their steps' shares are shares of this.
    pub fn begin_part(&self, part: Range<u8>) {
        self.step().part = part.start.min(100)..part.end.min(100);
    }

    /// A step begins that is those percents of the job. What came before it is done.
    pub fn begin_step(&self, name: &'static str, share: Range<u8>) {
        let mut step = self.step();
        let (start, len) = (u32::from(step.part.start), u32::from(step.part.end.saturating_sub(step.part.start)));
        let of_whole = |percent: u8| u8::try_from(start + len * u32::from(percent.min(100)) / 100).unwrap_or(100);
        let share = of_whole(share.start)..of_whole(share.end);
        step.name = name;
        step.percent = step.percent.max(share.start);
        step.share = share;
    }

    /// So much of the step is done, in whatever unit.
    pub fn advance(&self, done: u64, total: u64) {
        let mut step = self.step();
        let len = u128::from(step.share.end.saturating_sub(step.share.start));
        let part = (u128::from(done.min(total)) * len).checked_div(u128::from(total)).unwrap_or(len);
        let percent = step.share.start.saturating_add(u8::try_from(part).unwrap_or(100)).min(100);
        step.percent = step.percent.max(percent);
    }

    fn step(&self) -> std::sync::MutexGuard<'_, Step> {
        self.0.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn shown(work: &Work) -> (&'static str, u8) {
        let progress = work.progress();
        (progress.step, progress.percent)
    }

    #[test]
    fn steps_and_parts_are_shares_of_one_whole_that_never_shrinks() {
        let work = Work::default();
        assert_eq!(shown(&work), ("", 0));
        work.begin_step("read", 10..90);
        assert_eq!(shown(&work), ("read", 10));
        work.advance(1, 2);
        assert_eq!(shown(&work), ("read", 50));
        work.advance(1, 4);
        assert_eq!(shown(&work), ("read", 50), "it does not fall");
        work.advance(9, 2);
        assert_eq!(shown(&work), ("read", 90));
        work.begin_part(90..100);
        work.begin_step("copy", 0..100);
        work.advance(0, 0);
        assert_eq!(shown(&work), ("copy", 100), "nothing to do is done");
        work.advance(u64::MAX, u64::MAX);
        assert_eq!(shown(&work), ("copy", 100));
    }

    #[tokio::test]
    async fn a_clone_that_is_cancelled_ends_the_wait_of_the_other() {
        let work = Work::default();
        let waits = tokio::spawn({
            let work = work.clone();
            async move { work.cancelled().await }
        });
        assert!(!work.is_cancelled());
        work.clone().cancel();
        waits.await.unwrap();
        assert!(work.is_cancelled());
        work.cancelled().await;
    }

    #[test]
    fn work_is_late_only_when_its_time_is_up() {
        assert!(!Work::default().is_late());
        assert!(Work::until(Some(Instant::now())).is_late());
        assert!(!Work::until(Instant::now().checked_add(Duration::from_hours(1))).is_late());
    }
}
