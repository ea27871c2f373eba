//! Sessions looked up lately, so that a call costs no database round trip for knowing who calls.
//!
//! An entry is believed for [`BELIEVED_MS`]; after that the database is asked again, so that a log-out on another server
//! that shares the database ends the session here within that time. Expiry slides with every use; the new expiry is
//! written back at most once in [`WRITE_BACK_MS`], so that a busy session does not write at every call.

use crate::Caller;
use imprint_domain::{AccountUuid, SessionUuid, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long an entry is believed without asking the database: with the time that the answer takes, an end is known everywhere
/// within five seconds.
const BELIEVED_MS: i64 = 4_000;

/// How far the database's expiry may lag behind the one in memory.
const WRITE_BACK_MS: i64 = 60_000;

/// Entries kept at most; beyond that the cache starts anew, which costs one look-up a session.
const CAPACITY: usize = 20_000;

/// Seconds that a session lives after its last use.
pub(crate) const LIFETIME_SECONDS: i64 = 7_200;

#[derive(Clone, Debug)]
struct Entry {
    caller: Caller,
    name: Arc<str>,
    asked: Timestamp,
    expires: Timestamp,
    written: Timestamp,
}

/// What the cache knows of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// Valid, and the account's name. `write_back` is the new expiry when it is time to write it to the database.
    Valid { caller: Caller, name: Arc<str>, write_back: Option<Timestamp> },
    /// The database must be asked.
    Ask,
}

/// The cache. Its lock is held for a map operation only.
#[derive(Debug, Default)]
pub(crate) struct SessionCache(Mutex<HashMap<SessionUuid, Entry>>);

impl SessionCache {
    fn entries(&self) -> MutexGuard<'_, HashMap<SessionUuid, Entry>> {
        // A panic while the map was locked leaves at worst a missing entry.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks a session up and slides its expiry.
    pub(crate) fn look_up(&self, session: SessionUuid, now: Timestamp) -> Lookup {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(&session) else { return Lookup::Ask };
        // A clock that was set back says nothing of how long ago the database was asked.
        if entry.expires <= now || !(0..=BELIEVED_MS).contains(&(now.0 - entry.asked.0)) {
            return Lookup::Ask;
        }
        // A session that was renewed for longer keeps what it was given.
        entry.expires = entry.expires.max(now.plus_seconds(LIFETIME_SECONDS));
        let due = entry.expires.0 - entry.written.0 > WRITE_BACK_MS;
        if due {
            entry.written = entry.expires;
        }
        Lookup::Valid { caller: entry.caller, name: entry.name.clone(), write_back: due.then_some(entry.expires) }
    }

    /// Remembers what the database said just now.
    pub(crate) fn remember(
        &self,
        session: SessionUuid,
        caller: Caller,
        name: Arc<str>,
        expires: Timestamp,
        now: Timestamp,
    ) {
        let mut entries = self.entries();
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(session, Entry { caller, name, asked: now, expires, written: expires });
    }

    /// All sessions of the account have ended.
    pub(crate) fn forget_account(&self, account: AccountUuid) {
        self.entries().retain(|_, entry| entry.caller.account != account);
    }

    /// The session has ended.
    pub(crate) fn forget(&self, session: SessionUuid) {
        self.entries().remove(&session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> (SessionUuid, Caller) {
        (SessionUuid::random(), Caller { account: AccountUuid::random(), administrator: false })
    }

    fn valid(caller: Caller, write_back: Option<Timestamp>) -> Lookup {
        Lookup::Valid { caller, name: "ann".into(), write_back }
    }

    #[test]
    fn a_session_is_believed_for_four_seconds_and_no_longer() {
        let (cache, (session, caller), now) = (SessionCache::default(), caller(), Timestamp(1_000_000));
        assert_eq!(cache.look_up(session, now), Lookup::Ask);
        cache.remember(session, caller, "ann".into(), now.plus_seconds(LIFETIME_SECONDS), now);
        assert_eq!(cache.look_up(session, now.plus_seconds(4)), valid(caller, None));
        assert_eq!(cache.look_up(session, now.plus_seconds(5)), Lookup::Ask);
        cache.remember(session, caller, "ann".into(), now.plus_seconds(LIFETIME_SECONDS), now);
        assert_eq!(cache.look_up(session, now.plus_seconds(-60)), Lookup::Ask, "a clock that was set back");
        cache.forget(session);
        assert_eq!(cache.look_up(session, now), Lookup::Ask);
    }

    #[test]
    fn an_expired_session_is_never_valid_and_a_lagging_expiry_is_written_back_once() {
        let (cache, (session, caller), now) = (SessionCache::default(), caller(), Timestamp(1_000_000));
        cache.remember(session, caller, "ann".into(), now.plus_seconds(2), now);
        assert_eq!(cache.look_up(session, now.plus_seconds(2)), Lookup::Ask);
        cache.remember(session, caller, "ann".into(), now.plus_seconds(100), now);
        let slid = now.plus_seconds(1 + LIFETIME_SECONDS);
        let first = cache.look_up(session, now.plus_seconds(1));
        assert_eq!(first, valid(caller, Some(slid)));
        assert_eq!(cache.look_up(session, now.plus_seconds(2)), valid(caller, None));
    }
}
