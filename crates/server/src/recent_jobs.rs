//! Jobs that only the memory knows: the last so many, for what makes them may cost nothing and must not fill the memory.

use imprint_service::JobState;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The last jobs of a kind. Its lock is held for a change of its map only.
#[derive(Debug)]
pub(crate) struct RecentJobs {
    limit: usize,
    jobs: Mutex<Jobs>,
}

/// Each id of `order` is in `states` once, and the other way round.
#[derive(Debug, Default)]
struct Jobs {
    states: HashMap<String, JobState>,
    /// The oldest first.
    order: VecDeque<String>,
}

impl RecentJobs {
    /// Keeps so many at most.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, jobs: Mutex::default() }
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        // Nothing panics while the map is locked.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a job runs; false when there is one of this id.
    pub(crate) fn begin(&self, job: &str) -> bool {
        let mut jobs = self.jobs();
        let is_new = !jobs.states.contains_key(job);
        if is_new {
            jobs.set(job, JobState::Running, self.limit);
        }
        is_new
    }

    /// Notes where a job stands, which need not have begun here.
    pub(crate) fn set(&self, job: &str, state: JobState) {
        self.jobs().set(job, state, self.limit);
    }

    /// Where a job stands; `None` when there is none of this id, or newer ones have pushed it out.
    pub(crate) fn get(&self, job: &str) -> Option<JobState> {
        self.jobs().states.get(job).cloned()
    }

    /// Forgets a job.
    pub(crate) fn remove(&self, job: &str) {
        let mut jobs = self.jobs();
        if jobs.states.remove(job).is_some() {
            jobs.order.retain(|it| it != job);
        }
    }
}

impl Jobs {
    fn set(&mut self, job: &str, state: JobState, limit: usize) {
        match self.states.entry(job.to_owned()) {
            Entry::Occupied(mut entry) => {
                entry.insert(state);
            }
            Entry::Vacant(entry) => {
                entry.insert(state);
                self.order.push_back(job.to_owned());
            }
        }
        while self.order.len() > limit {
            let Some(oldest) = self.order.pop_front() else { return };
            self.states.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(body: &str) -> JobState {
        JobState::Done { operation: "X".to_owned(), succeeded: false, body: body.to_owned() }
    }

    #[test]
    fn an_id_is_used_once_until_it_is_removed() {
        let jobs = RecentJobs::new(2);
        assert!(jobs.begin("a") && !jobs.begin("a"));
        assert_eq!(jobs.get("a"), Some(JobState::Running));
        jobs.set("a", done("1"));
        assert!(!jobs.begin("a"));
        assert_eq!(jobs.get("a"), Some(done("1")));
        jobs.remove("a");
        assert_eq!(jobs.get("a"), None);
        assert!(jobs.begin("a"));
    }

    #[test]
    fn the_oldest_is_pushed_out() {
        let jobs = RecentJobs::new(2);
        for job in ["a", "b"] {
            jobs.set(job, done(job));
        }
        // Neither what changes nor what was removed counts twice.
        jobs.set("a", done("again"));
        jobs.remove("b");
        jobs.set("c", done("c"));
        assert_eq!(["a", "b", "c"].map(|job| jobs.get(job).is_some()), [true, false, true]);
        jobs.set("d", done("d"));
        assert_eq!(["a", "b", "c", "d"].map(|job| jobs.get(job).is_some()), [false, false, true, true]);
    }

    #[test]
    fn it_never_holds_more_than_it_may() {
        let jobs = RecentJobs::new(100);
        for number in 0..1000 {
            jobs.begin(&number.to_string());
        }
        let kept = jobs.jobs();
        assert_eq!((kept.states.len(), kept.order.len()), (100, 100));
    }
}
