//! Directories, nodes and blocks out of segments.

use super::{BLOCK_LEN, ReadError, Reader};
use crate::node::{MAX_NODE_LEN, Node, Pointer};
use crate::segment::{
    Defect, Directory, HEADER_LEN, SUFFIX_LEN, SegmentDefect, SlotDefect, SlotEntry, SlotKind, StoredBlock,
    stored_check,
};
use bytes::Bytes;
use imprint_blob_store::{BlobError, ObjectKey};
use imprint_domain::{BlockIndex, SegmentId};
use std::ops::Range;
use std::sync::Arc;

/// Longest range asked for at once.
const LONGEST_READ: u64 = 4 << 20;

/// A verified run of blocks in their stored form.
pub(crate) type StoredRun = Vec<StoredBlock>;

/// Why a segment could not be read, before it is known for which block.
enum Failure {
    Missing,
    Damaged(Defect),
    Store(BlobError),
}

impl<D: Into<Defect>> From<D> for Failure {
    fn from(defect: D) -> Self {
        Self::Damaged(defect.into())
    }
}

/// A directory just read, with the bytes of the object that came along.
struct Loaded {
    directory: Arc<Directory>,
    suffix: Bytes,
    suffix_start: u64,
}

impl Reader {
    /// Remembers what was found to be lost at `place`, so that it is not shared, and tells for which block it was needed.
    fn failed(&self, failure: Failure, place: Pointer, block: BlockIndex) -> ReadError {
        let Pointer { segment, slot } = place;
        match &failure {
            // What is in memory of it would otherwise be shared as if it were still stored.
            Failure::Missing | Failure::Damaged(Defect::Segment(_)) => self.inner.cache.forget_segment(segment),
            Failure::Damaged(_) => self.inner.damage.note(place),
            Failure::Store(_) => {}
        }
        match failure {
            Failure::Missing => ReadError::Missing { segment, block },
            Failure::Damaged(defect) => ReadError::Damaged { segment, slot, block, defect },
            Failure::Store(source) => ReadError::Store { segment, source },
        }
    }

    /// The node at `place`, which covers the blocks from `first_block` on.
    pub(crate) fn node(&self, place: Pointer, level: u8, first_block: BlockIndex) -> Result<Arc<Node>, ReadError> {
        let known = self.inner.cache.node(place);
        if let Some(node) = known.filter(|node| (node.level(), node.first_block()) == (level, first_block.0)) {
            return Ok(node);
        }
        let loaded = self.load_node(place, level, first_block.0);
        let node = loaded.map_err(|failure| self.failed(failure, place, first_block))?;
        let node = Arc::new(node);
        self.inner.cache.insert_node(place, Arc::clone(&node));
        Ok(node)
    }

    /// The directory of the segment that `place` names, for the block that needs it.
    pub(crate) fn directory(&self, place: Pointer, block: BlockIndex) -> Result<Arc<Directory>, ReadError> {
        self.cached_directory(place.segment).map_err(|failure| self.failed(failure, place, block))
    }

    /// The content hash of the block in `slot`, if a writer may point at it: not if it is known to be damaged.
    pub(crate) fn shareable_hash(&self, directory: &Directory, slot: u16) -> Option<[u8; 32]> {
        let hash = directory.shareable_hash(slot)?;
        (!self.inner.damage.holds(Pointer { segment: directory.id, slot })).then_some(hash)
    }

    /// Decodes the blocks that lie in consecutive slots from `first` on into `target`, whole blocks.
    pub(crate) fn read_run(&self, first: &Pointer, block: BlockIndex, target: &mut [u8]) -> Result<(), ReadError> {
        let mut block = block.0;
        let mut pieces = target.chunks_exact_mut(BLOCK_LEN);
        self.visit_run(first, BlockIndex(block), pieces.len(), |entry, stored| {
            let piece = pieces.next().unwrap_or_default();
            block += 1;
            entry.decode_content(&stored, piece)
        })
    }

    /// Calls `push` with each of `count` blocks in consecutive slots from `first` on, not copied where they are stored as
    /// they are.
    pub(crate) fn read_blocks(
        &self,
        first: &Pointer,
        block: BlockIndex,
        count: usize,
        mut push: impl FnMut(Bytes),
    ) -> Result<(), ReadError> {
        self.visit_run(first, block, count, |entry, stored| entry.decode_bytes(stored).map(&mut push))
    }

    /// The stored forms of `count` blocks in consecutive slots from `first` on, each decoded once to be sure of it.
    pub(crate) fn read_stored(&self, first: &Pointer, block: BlockIndex, count: u16) -> Result<StoredRun, ReadError> {
        let mut raw = vec![0; BLOCK_LEN];
        let mut run = Vec::with_capacity(usize::from(count));
        self.visit_run(first, block, usize::from(count), |entry, stored| {
            entry.decode_content(&stored, &mut raw)?;
            let check = stored_check(&stored);
            run.push(StoredBlock { hash: entry.hash, check, codec: entry.codec, bytes: stored });
            Ok(())
        })?;
        Ok(run)
    }

    /// Calls `visit` with entry and stored bytes of `count` consecutive slots, read in as few requests as possible.
    fn visit_run(
        &self,
        first: &Pointer,
        block: BlockIndex,
        count: usize,
        mut visit: impl FnMut(&SlotEntry, Bytes) -> Result<(), SlotDefect>,
    ) -> Result<(), ReadError> {
        let mut done = 0;
        while done < count {
            let place = Pointer { slot: slot_after(first.slot, done), ..*first };
            let at = |behind: usize| BlockIndex(block.0 + (done + behind) as u64);
            let fetched = self.fetch_run(place, count - done);
            let (directory, bytes, lens) = fetched.map_err(|failure| self.failed(failure, place, at(0)))?;
            let mut from = 0;
            for (behind, len) in lens.iter().enumerate() {
                let slot = slot_after(place.slot, behind);
                let stored = bytes.slice(from..from + len);
                from += len;
                let entry = directory.entry(slot).ok_or(SlotDefect::Absent);
                if let Err(defect) = entry.and_then(|entry| visit(entry, stored)) {
                    self.check_rest(&directory, slot_after(slot, 1), bytes.slice(from..), lens.iter().skip(behind + 1));
                    return Err(self.failed(defect.into(), Pointer { slot, ..place }, at(behind)));
                }
            }
            done += lens.len();
        }
        Ok(())
    }

    /// Damage seldom comes alone: notes which of the slots that were fetched behind a damaged one, from `slot` on, are
    /// damaged too. Else each backup would find, and store again, no more than one.
    fn check_rest<'a>(
        &self,
        directory: &Directory,
        mut slot: u16,
        mut bytes: Bytes,
        lens: impl Iterator<Item = &'a usize>,
    ) {
        for len in lens {
            let stored = bytes.split_to(*len);
            if directory.entry(slot).is_none_or(|entry| entry.decode_bytes(stored).is_err()) {
                self.inner.damage.note(Pointer { segment: directory.id, slot });
            }
            slot = slot_after(slot, 1);
        }
    }

    /// The stored bytes of as many slots from `place` on as lie one behind the other, at most `count`, and the length
    /// of each.
    fn fetch_run(&self, place: Pointer, count: usize) -> Result<(Arc<Directory>, Bytes, Vec<usize>), Failure> {
        for retry in [false, true] {
            let directory = self.cached_directory(place.segment)?;
            let (_, mut range) = directory.readable(place.slot, SlotKind::Data)?;
            let mut lens = vec![len_of(&range)];
            while lens.len() < count && range.end - range.start < LONGEST_READ {
                let next = directory.readable(slot_after(place.slot, lens.len()), SlotKind::Data);
                match next {
                    Ok((_, next)) if next.start == range.end => {
                        lens.push(len_of(&next));
                        range.end = next.end;
                    }
                    // A slot that cannot be read is reported when its turn comes: those before it are good.
                    _ => break,
                }
            }
            match self.fetch(&directory, range) {
                // A rewriting may have taken the place of the object.
                Err(Failure::Missing) if !retry => self.inner.cache.forget_directory(place.segment),
                fetched => return fetched.map(|bytes| (directory, bytes, lens)),
            }
        }
        Err(Failure::Missing)
    }

    fn load_node(&self, place: Pointer, level: u8, first_block: u64) -> Result<Node, Failure> {
        for retry in [false, true] {
            let (directory, suffix) = if let Some(directory) = self.inner.cache.directory(place.segment) {
                (directory, None)
            } else {
                let loaded = self.load_directory(place.segment)?;
                (loaded.directory, Some((loaded.suffix, loaded.suffix_start)))
            };
            let (entry, range) = directory.readable(place.slot, SlotKind::Node)?;
            if entry.raw_len > MAX_NODE_LEN {
                return Err(SlotDefect::RawLength(entry.raw_len).into());
            }
            // Nodes lie before the directory, so that the read that brought it often brought them along.
            let known = suffix.and_then(|(bytes, start)| {
                let from = usize::try_from(range.start.checked_sub(start)?).ok()?;
                (from + len_of(&range) <= bytes.len()).then(|| bytes.slice(from..from + len_of(&range)))
            });
            let stored = match known.map_or_else(|| self.fetch(&directory, range), Ok) {
                Err(Failure::Missing) if !retry => {
                    self.inner.cache.forget_directory(place.segment);
                    continue;
                }
                stored => stored?,
            };
            let mut raw = vec![0; entry.raw_len as usize];
            entry.decode_content(&stored, &mut raw)?;
            return Ok(Node::decode(&raw, place, level, first_block)?);
        }
        Err(Failure::Missing)
    }

    fn fetch(&self, directory: &Directory, range: Range<u64>) -> Result<Bytes, Failure> {
        let key = ObjectKey::Segment { id: directory.id, generation: directory.generation };
        self.inner.blobs.get_range_blocking(&key, range, self.inner.border.runtime()).map_err(store_failure)
    }

    fn cached_directory(&self, id: SegmentId) -> Result<Arc<Directory>, Failure> {
        match self.inner.cache.directory(id) {
            Some(directory) => Ok(directory),
            None => Ok(self.load_directory(id)?.directory),
        }
    }

    /// Reads the directory of the current generation: the first one, unless a rewriting has replaced it.
    fn load_directory(&self, id: SegmentId) -> Result<Loaded, Failure> {
        match self.load_generation(id, 0) {
            Err(Failure::Missing) => {}
            loaded => return loaded,
        }
        let listed = self.inner.border.wait(self.inner.blobs.list_generations(id)).map_err(store_failure)?;
        let newest = listed.last().ok_or(Failure::Missing)?;
        self.load_generation(id, *newest)
    }

    fn load_generation(&self, id: SegmentId, generation: u64) -> Result<Loaded, Failure> {
        let key = ObjectKey::Segment { id, generation };
        let blobs = &self.inner.blobs;
        let read = self.inner.border.wait(async {
            let suffix = blobs.get_suffix(&key, SUFFIX_LEN).await?;
            let whole = suffix.bytes.len() as u64 == suffix.object_len;
            let header = match suffix.bytes.get(..HEADER_LEN).filter(|_| whole) {
                Some(header) => Bytes::copy_from_slice(header),
                None if suffix.object_len < HEADER_LEN as u64 => Bytes::new(),
                None => blobs.get_range(&key, 0..HEADER_LEN as u64).await?,
            };
            Ok((header, suffix))
        });
        let (header, suffix) = read.map_err(store_failure)?;
        let directory = Directory::decode(&header, &suffix.bytes, suffix.object_len)?;
        if directory.generation != generation {
            return Err(SegmentDefect::Footer.into());
        }
        if directory.id != id {
            return Err(SegmentDefect::WrongId(directory.id).into());
        }
        let directory = Arc::new(directory);
        self.inner.cache.insert_directory(id, Arc::clone(&directory));
        let suffix_start = suffix.object_len - suffix.bytes.len() as u64;
        Ok(Loaded { directory, suffix: suffix.bytes, suffix_start })
    }
}

fn store_failure(error: BlobError) -> Failure {
    match error {
        BlobError::NotFound { .. } => Failure::Missing,
        BlobError::TooShort { end, .. } => SegmentDefect::Length(end).into(),
        error => Failure::Store(error),
    }
}

fn slot_after(slot: u16, behind: usize) -> u16 {
    slot.saturating_add(u16::try_from(behind).unwrap_or(u16::MAX))
}

fn len_of(range: &Range<u64>) -> usize {
    super::to_usize(range.end.saturating_sub(range.start))
}
