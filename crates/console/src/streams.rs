//! Streams that go on: each keeps a connection of the server, so that of one account, and of all, only some do at once.

use imprint_domain::AccountUuid;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Streams of one account: more pages than anybody looks at. Those that were left a moment ago count too.
const OF_ONE_ACCOUNT: usize = 16;

/// The streams of a server.
#[derive(Debug)]
pub(crate) struct Streams {
    /// Of all accounts at once.
    most: usize,
    open: Mutex<BTreeMap<AccountUuid, usize>>,
}

/// What a stream has while it goes on; whoever drops it gives it back.
#[derive(Debug)]
pub(crate) struct Place {
    streams: Arc<Streams>,
    account: AccountUuid,
}

impl Streams {
    /// Those of a server that has so many connections: a quarter of them, so that streams never keep others out.
    pub(crate) fn new(connections: usize) -> Arc<Self> {
        Arc::new(Self { most: connections.div_ceil(4), open: Mutex::default() })
    }

    /// A place for a stream of this account, if there is one.
    pub(crate) fn place(self: &Arc<Self>, account: AccountUuid) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_account = open.get(&account).copied().unwrap_or_default();
        if of_account >= OF_ONE_ACCOUNT || open.values().sum::<usize>() >= self.most {
            return None;
        }
        open.insert(account, of_account + 1);
        Some(Place { streams: self.clone(), account })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.account);
            }
        }
    }
}
