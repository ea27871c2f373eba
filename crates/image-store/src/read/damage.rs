//! Slots that readers of this open store have found damaged: writers store such a block again, and never share its slot.
//!
//! * Only what was read is known, and only until the store is closed. What is lost as a whole, a segment that is missing or
//!   whose directory is damaged, need not be noted: the cache forgets it, and without a directory nothing is shared.
//! * Knowing too much costs space, knowing too little costs a block. When there is no room for more slots, the segments of
//!   further ones are noted as a whole, and when there is none for those either, every slot counts as damaged.

use crate::node::Pointer;
use imprint_domain::SegmentId;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Slots that are noted, and then as many segments: some megabytes at most.
const LIMIT: usize = 65_536;

/// The slots of a store that must not be shared. Its lock is held for single look-ups only.
#[derive(Debug)]
pub(super) struct Damage {
    limit: usize,
    noted: Mutex<Noted>,
    /// Whether anything is noted, which it hardly ever is: spares a lock for each block of a backup.
    any: AtomicBool,
}

#[derive(Debug, Default)]
struct Noted {
    slots: HashSet<Pointer>,
    segments: HashSet<SegmentId>,
    everything: bool,
}

impl Damage {
    pub(super) fn new() -> Self {
        Self::with_limit(LIMIT)
    }

    fn with_limit(limit: usize) -> Self {
        Self { limit, noted: Mutex::default(), any: AtomicBool::new(false) }
    }

    pub(super) fn note(&self, place: Pointer) {
        let mut noted = self.lock();
        self.any.store(true, Ordering::Release);
        if noted.holds(place) {
            return;
        }
        if noted.slots.len() < self.limit {
            noted.slots.insert(place);
        } else if noted.segments.len() < self.limit {
            noted.segments.insert(place.segment);
        } else {
            noted.everything = true;
        }
    }

    pub(super) fn holds(&self, place: Pointer) -> bool {
        self.any.load(Ordering::Acquire) && self.lock().holds(place)
    }

    /// A panic elsewhere leaves at worst a slot unnoted.
    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Noted {
    fn holds(&self, place: Pointer) -> bool {
        self.everything || self.segments.contains(&place.segment) || self.slots.contains(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(segment: u8, slot: u16) -> Pointer {
        Pointer { segment: SegmentId::from_bytes([segment; 32]), slot }
    }

    #[test]
    fn slots_are_noted_one_by_one_then_segments_then_everything() {
        let damage = Damage::with_limit(2);
        for place in [at(1, 0), at(1, 5), at(1, 5)] {
            damage.note(place);
        }
        assert!(damage.holds(at(1, 0)) && damage.holds(at(1, 5)));
        assert!(!damage.holds(at(1, 1)) && !damage.holds(at(2, 0)));
        for place in [at(2, 7), at(3, 7), at(2, 8)] {
            damage.note(place);
        }
        assert!(damage.holds(at(2, 0)) && damage.holds(at(3, 1)));
        assert!(!damage.holds(at(1, 1)) && !damage.holds(at(4, 0)));
        damage.note(at(4, 7));
        assert!(damage.holds(at(1, 1)) && damage.holds(at(5, 0)));
    }
}
