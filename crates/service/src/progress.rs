//! How far calls that take long have come, for those who ask while they run and for a while after.

use crate::Work;
use imprint_domain::{AccountUuid, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long a call that has ended can be asked for.
const KEPT_SECONDS: i64 = 300;

/// A call that took less is forgotten at once: nobody can have asked for it.
const SHORT_MS: i64 = 1_000;

/// Ended calls that are kept at most.
const KEPT: usize = 10_000;

/// A call that takes long.
#[derive(Clone, Debug)]
pub(crate) struct TrackedCall {
    /// Its operation.
    pub(crate) operation: &'static str,
    /// Who called.
    pub(crate) account: AccountUuid,
    /// How far it has come.
    pub(crate) work: Work,
    /// When it began.
    pub(crate) begun: Timestamp,
    /// Whether it is the work of a long job.
    pub(crate) is_long_job: bool,
    /// When it ended.
    pub(crate) ended: Option<Timestamp>,
}

/// The calls by their ids. The lock is held for a map operation only.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProgressTable(Arc<Mutex<HashMap<String, TrackedCall>>>);

impl ProgressTable {
    fn calls(&self) -> MutexGuard<'_, HashMap<String, TrackedCall>> {
        // A panic while the map was locked leaves at worst a missing entry.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins.
    pub(crate) fn begin(&self, id: &str, call: TrackedCall) {
        let now = call.begun;
        let mut calls = self.calls();
        if calls.len() >= KEPT {
            calls.retain(|_, call| call.ended.is_none_or(|ended| ended.plus_seconds(KEPT_SECONDS) > now));
        }
        if calls.len() >= 2 * KEPT {
            calls.retain(|_, call| call.ended.is_none());
        }
        calls.insert(id.to_owned(), call);
    }

    /// A call has ended.
    pub(crate) fn end(&self, id: &str, now: Timestamp) {
        let mut calls = self.calls();
        let Some(call) = calls.get_mut(id) else { return };
        if now.0 - call.begun.0 < SHORT_MS {
            calls.remove(id);
        } else {
            call.ended = Some(now);
        }
    }

    /// The calls that have not ended.
    pub(crate) fn running(&self) -> Vec<TrackedCall> {
        self.calls().values().filter(|call| call.ended.is_none()).cloned().collect()
    }

    /// The call of that id, unless it ended too long ago.
    pub(crate) fn find(&self, id: &str, now: Timestamp) -> Option<TrackedCall> {
        let kept = |call: &TrackedCall| call.ended.is_none_or(|ended| ended.plus_seconds(KEPT_SECONDS) > now);
        self.calls().get(id).cloned().filter(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(begun: i64) -> TrackedCall {
        let account = AccountUuid::random();
        let (work, begun) = (Work::default(), Timestamp(begun));
        TrackedCall { operation: "X", account, work, begun, is_long_job: false, ended: None }
    }

    #[test]
    fn a_long_call_is_kept_for_a_while_after_its_end_and_a_short_one_is_not() {
        let table = ProgressTable::default();
        table.begin("long", call(0));
        table.begin("short", call(0));
        assert!(table.find("short", Timestamp(10)).is_some());
        table.end("short", Timestamp(900));
        table.end("long", Timestamp(2_000));
        table.end("unknown", Timestamp(2_000));
        assert!(table.find("short", Timestamp(1_000)).is_none());
        assert!(table.find("long", Timestamp(301_000)).is_some());
        assert!(table.find("long", Timestamp(302_001)).is_none());
    }

    #[test]
    fn the_table_stays_bounded_as_calls_end() {
        let table = ProgressTable::default();
        for nth in 0..30_000 {
            table.begin(&nth.to_string(), call(0));
            table.end(&nth.to_string(), Timestamp(5_000));
        }
        assert!(table.calls().len() <= 2 * KEPT, "{}", table.calls().len());
    }
}
