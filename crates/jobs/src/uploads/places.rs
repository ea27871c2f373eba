//! How many uploads may wait for their files at once.

use imprint_domain::AccountUuid;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Uploads at once, each with a file that is open.
const MOST: usize = 64;

/// Of them those of one account: others find a place too.
const MOST_OF_ACCOUNT: usize = 16;

/// The places that are taken, of each account.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Mutex<HashMap<AccountUuid, usize>>>);

/// A place. It is free again when this is dropped.
pub(super) struct Place {
    places: Places,
    account: AccountUuid,
}

impl Places {
    fn taken(&self) -> MutexGuard<'_, HashMap<AccountUuid, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for an upload of an account, if there is one.
    pub(super) fn take(&self, account: AccountUuid) -> Option<Place> {
        let mut taken = self.taken();
        let own = taken.get(&account).copied().unwrap_or(0);
        if own >= MOST_OF_ACCOUNT || taken.values().sum::<usize>() >= MOST {
            return None;
        }
        taken.insert(account, own + 1);
        Some(Place { places: self.clone(), account })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        match taken.get_mut(&self.account) {
            Some(own) if *own > 1 => *own -= 1,
            _ => _ = taken.remove(&self.account),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_takes_all_places_and_all_together_no_more_than_there_are() {
        let places = Places::default();
        let account = AccountUuid::random();
        let own: Vec<_> = std::iter::from_fn(|| places.take(account)).collect();
        assert_eq!(own.len(), MOST_OF_ACCOUNT);
        let others: Vec<_> = std::iter::from_fn(|| places.take(AccountUuid::random())).collect();
        assert_eq!(own.len() + others.len(), MOST);
        drop(own);
        assert!(places.take(account).is_some());
        drop(others);
        assert!(places.taken().is_empty());
    }
}
