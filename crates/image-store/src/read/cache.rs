//! Directories and nodes in memory, the longest unused ones dropped first.

use crate::node::{Node, Pointer};
use crate::segment::Directory;
use imprint_domain::SegmentId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What an entry weighs besides its value: keys, links, allocation.
const ENTRY_OVERHEAD: usize = 160;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Key {
    Directory(SegmentId),
    Node(Pointer),
}

#[derive(Clone, Debug)]
enum Value {
    Directory(Arc<Directory>),
    Node(Arc<Node>),
}

/// A cache of a limited number of bytes. Its lock is held for single look-ups only.
#[derive(Debug)]
pub(super) struct Cache {
    limit: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    bytes: usize,
    clock: u64,
    /// In order, so that what belongs to one segment is found without a walk over all.
    by_key: BTreeMap<Key, Entry>,
    by_use: BTreeMap<u64, Key>,
}

#[derive(Debug)]
struct Entry {
    value: Value,
    bytes: usize,
    used: u64,
}

impl Cache {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, entries: Mutex::default() }
    }

    pub(super) fn directory(&self, id: SegmentId) -> Option<Arc<Directory>> {
        match self.lock().get(Key::Directory(id))? {
            Value::Directory(directory) => Some(directory),
            Value::Node(_) => None,
        }
    }

    pub(super) fn node(&self, at: Pointer) -> Option<Arc<Node>> {
        match self.lock().get(Key::Node(at))? {
            Value::Node(node) => Some(node),
            Value::Directory(_) => None,
        }
    }

    pub(super) fn insert_directory(&self, id: SegmentId, directory: Arc<Directory>) {
        let bytes = directory.memory();
        self.lock().insert(self.limit, Key::Directory(id), Value::Directory(directory), bytes);
    }

    pub(super) fn insert_node(&self, at: Pointer, node: Arc<Node>) {
        let bytes = node.memory();
        self.lock().insert(self.limit, Key::Node(at), Value::Node(node), bytes);
    }

    pub(super) fn forget_directory(&self, id: SegmentId) {
        self.lock().remove(Key::Directory(id));
    }

    /// Forgets directory and nodes of a segment.
    pub(super) fn forget_segment(&self, segment: SegmentId) {
        let mut entries = self.lock();
        entries.remove(Key::Directory(segment));
        let nodes = Key::Node(Pointer { segment, slot: 0 })..=Key::Node(Pointer { segment, slot: u16::MAX });
        let nodes: Vec<_> = entries.by_key.range(nodes).map(|(key, _)| *key).collect();
        for node in nodes {
            entries.remove(node);
        }
    }

    /// A panic elsewhere leaves at worst an entry too few or too many.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn get(&mut self, key: Key) -> Option<Value> {
        self.clock += 1;
        let entry = self.by_key.get_mut(&key)?;
        self.by_use.remove(&entry.used);
        entry.used = self.clock;
        self.by_use.insert(entry.used, key);
        Some(entry.value.clone())
    }

    fn insert(&mut self, limit: usize, key: Key, value: Value, bytes: usize) {
        self.remove(key);
        let bytes = bytes + ENTRY_OVERHEAD;
        self.clock += 1;
        self.bytes += bytes;
        self.by_key.insert(key, Entry { value, bytes, used: self.clock });
        self.by_use.insert(self.clock, key);
        while self.bytes > limit {
            let Some((_, oldest)) = self.by_use.first_key_value() else { break };
            self.remove(*oldest);
        }
    }

    fn remove(&mut self, key: Key) {
        if let Some(entry) = self.by_key.remove(&key) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(slot: u16) -> Pointer {
        Pointer { segment: SegmentId::from_bytes([1; 32]), slot }
    }

    #[test]
    fn the_longest_unused_entry_goes_first_and_the_limit_holds() {
        let node = Arc::new(Node::begin(0, 0, 0));
        let weight = node.memory() + ENTRY_OVERHEAD;
        let cache = Cache::new(3 * weight);
        for slot in 0..3 {
            cache.insert_node(at(slot), Arc::clone(&node));
        }
        assert!(cache.node(at(0)).is_some());
        cache.insert_node(at(3), Arc::clone(&node));
        assert!(cache.node(at(1)).is_none());
        assert!([0, 2, 3].into_iter().all(|slot| cache.node(at(slot)).is_some()));
        cache.insert_node(at(3), Arc::clone(&node));
        assert_eq!(cache.lock().bytes, 3 * weight);
        assert_eq!(cache.lock().by_use.len(), 3);
    }

    #[test]
    fn of_a_forgotten_segment_no_node_is_left_and_of_the_others_all() {
        let node = Arc::new(Node::begin(0, 0, 0));
        let cache = Cache::new(1 << 20);
        let other = |segment, slot| Pointer { segment: SegmentId::from_bytes([segment; 32]), slot };
        for place in [at(0), at(7), at(u16::MAX), other(0, u16::MAX), other(2, 0)] {
            cache.insert_node(place, Arc::clone(&node));
        }
        cache.forget_segment(at(0).segment);
        assert!([0, 7, u16::MAX].into_iter().all(|slot| cache.node(at(slot)).is_none()));
        assert!(cache.node(other(0, u16::MAX)).is_some() && cache.node(other(2, 0)).is_some());
        assert_eq!(cache.lock().bytes, 2 * (node.memory() + ENTRY_OVERHEAD));
    }
}
