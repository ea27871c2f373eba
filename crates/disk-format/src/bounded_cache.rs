//! A cache of immutable values, bounded in bytes, that gives up the least recently used first.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Slices by a number that names them. Its lock is held for look-ups only, never while a value is being made.
pub(crate) struct BoundedCache<T> {
    limit: usize,
    state: Mutex<State<T>>,
}

struct State<T> {
    entries: HashMap<u64, Entry<T>>,
    /// Keys by the tick of their last use.
    by_use: BTreeMap<u64, u64>,
    tick: u64,
    bytes: usize,
}

struct Entry<T> {
    value: Arc<[T]>,
    last_use: u64,
}

/// What an entry costs besides its value: two map entries and an allocation.
const OVERHEAD: usize = 160;

impl<T> BoundedCache<T> {
    /// An empty cache of at most `limit` bytes, or of one value if that is larger.
    pub(crate) fn new(limit: usize) -> Self {
        let state = State { entries: HashMap::new(), by_use: BTreeMap::new(), tick: 0, bytes: 0 };
        Self { limit, state: Mutex::new(state) }
    }

    /// The value of `key`, from the cache or else from `make`. Two threads may make the same value at once.
    pub(crate) fn get_or_make<E>(&self, key: u64, make: impl FnOnce() -> Result<Arc<[T]>, E>) -> Result<Arc<[T]>, E> {
        if let Some(value) = self.with_state(|state| state.touch(key)) {
            return Ok(value);
        }
        let value = make()?;
        self.with_state(|state| state.insert(key, Arc::clone(&value), self.limit));
        Ok(value)
    }

    /// No code of ours panics while it holds the lock, and a cache is right in any state.
    fn with_state<R>(&self, work: impl FnOnce(&mut State<T>) -> R) -> R {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> State<T> {
    fn touch(&mut self, key: u64) -> Option<Arc<[T]>> {
        let entry = self.entries.get_mut(&key)?;
        self.tick += 1;
        self.by_use.remove(&entry.last_use);
        self.by_use.insert(self.tick, key);
        entry.last_use = self.tick;
        Some(Arc::clone(&entry.value))
    }

    fn insert(&mut self, key: u64, value: Arc<[T]>, limit: usize) {
        if self.entries.contains_key(&key) {
            return;
        }
        self.bytes += size_of_val(&*value) + OVERHEAD;
        while self.bytes > limit
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            if let Some(entry) = self.entries.remove(&oldest) {
                self.bytes -= size_of_val(&*entry.value) + OVERHEAD;
            }
        }
        self.tick += 1;
        self.by_use.insert(self.tick, key);
        self.entries.insert(key, Entry { value, last_use: self.tick });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn get(cache: &BoundedCache<u8>, key: u64) -> bool {
        let mut made = false;
        let zeros = || {
            made = true;
            Ok::<_, Infallible>(vec![0; 1000].into())
        };
        cache.get_or_make(key, zeros).unwrap();
        made
    }

    #[test]
    fn the_least_recently_used_value_is_given_up_first() {
        let cache = BoundedCache::new(2 * (1000 + OVERHEAD));
        assert!(get(&cache, 1));
        assert!(get(&cache, 2));
        assert!(!get(&cache, 1));
        assert!(get(&cache, 3));
        assert!(!get(&cache, 1));
        assert!(get(&cache, 2));
    }

    #[test]
    fn a_value_over_the_limit_is_kept_alone() {
        let cache = BoundedCache::new(10);
        assert!(get(&cache, 1));
        assert!(!get(&cache, 1));
        assert!(get(&cache, 2));
        assert!(get(&cache, 1));
        let state = cache.state.lock().unwrap();
        assert_eq!((state.entries.len(), state.by_use.len(), state.bytes), (1, 1, 1000 + OVERHEAD));
    }
}
