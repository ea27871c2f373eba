//! Waiting for what another process does: nobody tells when it is done, so it is looked for.

use crate::server::Server;
use serde_json::Value;
use std::time::{Duration, Instant};

/// The longest that anything here takes, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until it has found something.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Looks until that holds.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    eventually(what, || holds().then_some(()));
}

/// Waits until the long job is in that state.
#[track_caller]
pub(crate) fn until_job_is(server: &Server, uuid: &str, state: &str) -> Value {
    let row = || server.query(&format!("/zstack/v1/longjobs/{uuid}"))[0].clone();
    eventually(&format!("job {uuid} to be {state}"), || Some(row()).filter(|row| row["state"] == state))
}
