//! The bytes of one file: what is read now, what a power cut would leave, and the changes in between.

use std::collections::BTreeMap;

use super::Survives;

/// Bytes that are allocated together.
pub(crate) const PAGE: u64 = 4096;
/// Bytes that a disk writes as a whole: an interrupted write may have reached any of its sectors.
const SECTOR: u64 = 512;

/// Bytes with holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sparse {
    pages: BTreeMap<u64, Box<[u8]>>,
    size: u64,
}

impl Sparse {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Bytes allocated.
    pub(crate) fn allocated(&self) -> u64 {
        self.pages.len() as u64 * PAGE
    }

    /// Up to `len` bytes at `offset`, fewer at the end of the file.
    pub(crate) fn read(&self, offset: u64, len: u64) -> Vec<u8> {
        let end = offset.saturating_add(len).min(self.size);
        if end <= offset {
            return Vec::new();
        }
        let mut bytes = vec![0; to_usize(end - offset)];
        for (index, page) in self.pages.range(offset / PAGE..end.div_ceil(PAGE)) {
            let start = (index * PAGE).max(offset);
            let stop = (index * PAGE + PAGE).min(end);
            bytes[to_usize(start - offset)..to_usize(stop - offset)]
                .copy_from_slice(&page[to_usize(start - index * PAGE)..to_usize(stop - index * PAGE)]);
        }
        bytes
    }

    /// Writes, with no limit; the file grows where needed.
    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let at = offset + done as u64;
            let within = to_usize(at % PAGE);
            let some = (to_usize(PAGE) - within).min(bytes.len() - done);
            let page = self.pages.entry(at / PAGE).or_insert_with(|| vec![0; to_usize(PAGE)].into());
            page[within..within + some].copy_from_slice(&bytes[done..done + some]);
            done += some;
        }
        self.size = self.size.max(offset + bytes.len() as u64);
    }

    /// Sets the size; bytes that come anew are zero.
    pub(crate) fn resize(&mut self, size: u64) {
        if size < self.size {
            self.zero(size, self.size.next_multiple_of(PAGE));
        }
        self.size = size;
    }

    /// Zeroes a range, giving back the pages that lie in it whole; the size stays.
    pub(crate) fn zero(&mut self, start: u64, end: u64) {
        let (first_whole, whole_end) = (start.div_ceil(PAGE), end / PAGE);
        if first_whole < whole_end {
            let mut tail = self.pages.split_off(&first_whole);
            self.pages.append(&mut tail.split_off(&whole_end));
        }
        for index in [start / PAGE, end / PAGE] {
            let (from, to) = ((index * PAGE).max(start), (index * PAGE + PAGE).min(end));
            if let (true, Some(page)) = (from < to, self.pages.get_mut(&index)) {
                page[to_usize(from - index * PAGE)..to_usize(to - index * PAGE)].fill(0);
            }
        }
    }

    /// How many bytes of `len` at `offset` can be written before more than `free` bytes would have to be allocated.
    pub(crate) fn fitting(&self, offset: u64, len: u64, free: u64) -> u64 {
        let mut pages_left = free / PAGE;
        for index in offset / PAGE..(offset + len).div_ceil(PAGE) {
            if !self.pages.contains_key(&index) {
                match pages_left.checked_sub(1) {
                    Some(left) => pages_left = left,
                    None => return (index * PAGE).saturating_sub(offset),
                }
            }
        }
        len
    }

    /// The first offset from `offset` on that is data (`true`) or a hole, as lseek wants it; `None` past the end.
    pub(crate) fn seek(&self, offset: u64, data: bool) -> Option<u64> {
        if offset >= self.size {
            return None;
        }
        if data {
            let (index, _) = self.pages.range(offset / PAGE..).next()?;
            let at = (index * PAGE).max(offset);
            return (at < self.size).then_some(at);
        }
        let mut index = offset / PAGE;
        while self.pages.contains_key(&index) {
            index += 1;
        }
        Some((index * PAGE).max(offset).min(self.size))
    }
}

/// A change of content that no fsync has covered.
#[derive(Clone, Debug)]
enum Pending {
    Write { offset: u64, bytes: Vec<u8> },
    Resize(u64),
    Zero { start: u64, end: u64 },
}

/// Content in both its states.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    /// What is read now.
    now: Sparse,
    /// What would be there after a power cut.
    durable: Sparse,
    /// The changes from `durable` on, in order, but for those that a failed fsync has lost.
    pending: Vec<Pending>,
}

impl Content {
    pub(crate) fn now(&self) -> &Sparse {
        &self.now
    }

    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) {
        self.now.write(offset, bytes);
        self.pending.push(Pending::Write { offset, bytes: bytes.to_vec() });
    }

    pub(crate) fn resize(&mut self, size: u64) {
        self.now.resize(size);
        self.pending.push(Pending::Resize(size));
    }

    pub(crate) fn zero(&mut self, start: u64, end: u64) {
        let end = end.min(self.now.size.next_multiple_of(PAGE));
        if start < end {
            self.now.zero(start, end);
            self.pending.push(Pending::Zero { start, end });
        }
    }

    /// fsync: all pending changes become durable.
    pub(crate) fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Pending::Write { offset, bytes } => self.durable.write(offset, &bytes),
                Pending::Resize(size) => self.durable.resize(size),
                Pending::Zero { start, end } => self.durable.zero(start, end),
            }
        }
    }

    /// A failed fsync: the pending changes can still be read but will never be durable.
    pub(crate) fn lose_pending(&mut self) {
        self.pending.clear();
    }

    /// The content after a power cut.
    pub(crate) fn survivor(&self, survives: Survives, chance: &mut Chance) -> Self {
        let mut found = self.durable.clone();
        if let Survives::SomeUnsynced { .. } = survives {
            // Per file: from nothing to all, so that also whole writes come through and whole writes are lost.
            let likelihood = chance.below(5);
            for change in &self.pending {
                match change {
                    Pending::Write { offset, bytes } => {
                        for (at, sector) in sectors(*offset, bytes) {
                            if chance.below(4) < likelihood {
                                found.write(at, sector);
                            }
                        }
                    }
                    Pending::Resize(size) if chance.below(4) < likelihood => found.resize(*size),
                    Pending::Zero { start, end } if chance.below(4) < likelihood => found.zero(*start, *end),
                    Pending::Resize(_) | Pending::Zero { .. } => {}
                }
            }
        }
        Self { now: found.clone(), durable: found, pending: Vec::new() }
    }
}

/// Splits a write at the sectors of the disk.
fn sectors(offset: u64, bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let (mut at, mut rest, mut parts) = (offset, bytes, Vec::new());
    while !rest.is_empty() {
        let some = to_usize(SECTOR - at % SECTOR).min(rest.len());
        let (sector, after) = rest.split_at(some);
        parts.push((at, sector));
        (at, rest) = (at + some as u64, after);
    }
    parts
}

/// Numbers from a seed (splitmix64): the same seed, the same numbers.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(survives: Survives) -> Self {
        match survives {
            Survives::DurableOnly => Self(0),
            Survives::SomeUnsynced { seed } => Self(seed),
        }
    }

    /// A number from 0 to `bound` - 1.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).expect("files of this test file system lie in memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Change {
        Write(u64, Vec<u8>),
        Resize(u64),
        Zero(u64, u64),
        Sync,
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            (0..20_000u64, vec(1..255u8, 1..9000)).prop_map(|(at, bytes)| Change::Write(at, bytes)),
            (0..30_000u64).prop_map(Change::Resize),
            (0..20_000u64, 0..20_000u64).prop_map(|(at, len)| Change::Zero(at, at + len)),
            Just(Change::Sync),
        ]
    }

    proptest! {
        #[test]
        fn content_is_what_a_vector_would_hold_and_survives_as_it_was_synced(changes in vec(change(), 0..20)) {
            let (mut content, mut model, mut synced) = (Content::default(), Vec::new(), Vec::new());
            for change in changes {
                match change {
                    Change::Write(at, bytes) => {
                        let (at, end) = (to_usize(at), to_usize(at) + bytes.len());
                        model.resize(model.len().max(end), 0);
                        model[at..end].copy_from_slice(&bytes);
                        content.write(at as u64, &bytes);
                    }
                    Change::Resize(size) => {
                        model.resize(to_usize(size), 0);
                        content.resize(size);
                    }
                    Change::Zero(start, end) => {
                        let len = model.len();
                        model[to_usize(start).min(len)..to_usize(end).min(len)].fill(0);
                        content.zero(start, end);
                    }
                    Change::Sync => {
                        synced.clone_from(&model);
                        content.sync();
                    }
                }
                prop_assert_eq!(content.now.read(0, u64::MAX), &model[..]);
            }
            let survivor = content.survivor(Survives::DurableOnly, &mut Chance(0));
            prop_assert_eq!(survivor.now.read(0, u64::MAX), synced);
        }
    }

    #[test]
    fn a_torn_write_is_torn_at_sectors() {
        let mut content = Content::default();
        content.write(0, &[1; 8192]);
        content.sync();
        content.write(100, &[2; 8000]);
        let mut torn = 0;
        for seed in 0..50 {
            let survives = Survives::SomeUnsynced { seed };
            let found = content.survivor(survives, &mut Chance::new(survives)).now.read(0, 8192);
            for sector in found[512..7680].chunks(512) {
                assert!(sector.iter().all(|byte| *byte == sector[0]));
            }
            torn += u32::from(found[512..7680].contains(&1) && found[512..7680].contains(&2));
        }
        assert!(torn > 10, "only {torn} of 50 were torn");
    }

    #[test]
    fn holes_are_found_at_pages() {
        let mut sparse = Sparse::default();
        sparse.write(3 * PAGE, b"x");
        sparse.resize(10 * PAGE);
        assert_eq!(sparse.seek(0, true), Some(3 * PAGE));
        assert_eq!(sparse.seek(0, false), Some(0));
        assert_eq!(sparse.seek(3 * PAGE + 5, false), Some(4 * PAGE));
        assert_eq!(sparse.seek(4 * PAGE, true), None);
        assert_eq!(sparse.allocated(), PAGE);
    }
}
