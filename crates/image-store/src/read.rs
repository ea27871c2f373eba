//! Reading back what was stored: every block verified before it is handed out.
//!
//! * A root names its tree by a pointer, a node its children by pointers, a pointer its segment by a hash over all
//!   content hashes: from the root down everything is authenticated, whatever the storage answers.
//! * Directories and nodes are kept in one bounded cache; blocks are not kept.
//! * Neighbouring slots are read with one request.
//! * What was found damaged is not shared by later writers: `damage`.

mod cache;
mod cursor;
mod damage;
mod difference;
mod error;
mod presence;
mod segments;

pub(crate) use cursor::{MapCursor, child_of};
pub use error::ReadError;
pub use presence::Presence;

use crate::blocking::Border;
use crate::map_root::MapRoot;
use cache::Cache;
use damage::Damage;
use imprint_blob_store::BlobStore;
use imprint_domain::{BLOCK_SIZE, BlockIndex, StoreUuid};
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a block.
pub(crate) const BLOCK_LEN: usize = 1 << imprint_domain::BLOCK_SHIFT;

/// Reads the states of volumes in one store. Cloning is cheap and shares the cache, and what is known to be
/// damaged.
#[derive(Clone, Debug)]
pub struct Reader {
    inner: Arc<ReaderInner>,
}

#[derive(Debug)]
struct ReaderInner {
    store: StoreUuid,
    blobs: BlobStore,
    border: Border,
    cache: Cache,
    damage: Damage,
}

/// A run of blocks of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRun {
    /// The blocks, at least one.
    pub blocks: Range<u64>,
    /// What they hold.
    pub content: BlockContent,
}

/// What blocks of a state hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockContent {
    /// Stored bytes.
    Data,
    /// Zeros.
    Zero,
}

impl Reader {
    pub(crate) fn new(store: StoreUuid, blobs: BlobStore, border: Border, cache_bytes: usize) -> Self {
        let (cache, damage) = (Cache::new(cache_bytes), Damage::new());
        Self { inner: Arc::new(ReaderInner { store, blobs, border, cache, damage }) }
    }

    pub(crate) fn border(&self) -> &Border {
        &self.inner.border
    }

    /// Fills `buf` with the bytes of `root`'s volume from `offset` on. Blocks; see the crate's documentation.
    ///
    /// On error `buf` holds nothing of use: other bytes than the volume's are never handed out.
    pub fn read_at(&self, root: &MapRoot, offset: u64, buf: &mut [u8]) -> Result<(), ReadError> {
        let size = root.size().bytes();
        let end = offset.checked_add(buf.len() as u64).filter(|end| *end <= size);
        let end = end.ok_or(ReadError::OutOfRange { offset, len: buf.len() as u64, size })?;
        let mut cursor = self.cursor(root)?;
        let mut scratch = Vec::new();
        let (mut at, mut rest) = (offset, buf);
        while at < end {
            let block = at / BLOCK_SIZE;
            let run = cursor.run_at(block)?;
            let run_end = run.blocks.end.saturating_mul(BLOCK_SIZE).min(end);
            let Some(stored) = run.stored else {
                let (zeros, behind) = rest.split_at_mut(to_usize(run_end - at).min(rest.len()));
                zeros.fill(0);
                (at, rest) = (run_end, behind);
                continue;
            };
            // Whole blocks are decoded in place, the torn ones at both ends by way of `scratch`.
            let skip = to_usize(at % BLOCK_SIZE);
            let whole = rest.len().min(to_usize(run_end - at)) / BLOCK_LEN * BLOCK_LEN;
            let taken = if skip == 0 && whole > 0 {
                let target = rest.get_mut(..whole).unwrap_or_default();
                self.read_run(&stored, BlockIndex(block), target)?;
                whole
            } else {
                scratch.resize(BLOCK_LEN, 0);
                self.read_run(&stored, BlockIndex(block), &mut scratch)?;
                let source = scratch.get(skip..).unwrap_or_default();
                let taken = source.len().min(rest.len());
                rest.iter_mut().zip(source).for_each(|(byte, value)| *byte = *value);
                taken
            };
            at += taken as u64;
            rest = rest.split_at_mut(taken).1;
        }
        Ok(())
    }

    /// The runs of data and zero blocks from `from` to the end of the volume, neighbours of one kind joined. Reads
    /// nodes only, and those only on the way to runs that are asked for.
    pub fn block_runs(
        &self,
        root: &MapRoot,
        from: BlockIndex,
    ) -> Result<impl Iterator<Item = Result<BlockRun, ReadError>> + use<>, ReadError> {
        Ok(BlockRuns { cursor: self.cursor(root)?, next: from.0, blocks: root.size().blocks(), ahead: None })
    }

    /// A cursor over the block map of `root`.
    pub(crate) fn cursor(&self, root: &MapRoot) -> Result<MapCursor, ReadError> {
        if root.store() != self.inner.store {
            return Err(ReadError::ForeignRoot { store: root.store() });
        }
        Ok(MapCursor::new(self.clone(), *root))
    }
}

struct BlockRuns {
    cursor: MapCursor,
    next: u64,
    blocks: u64,
    ahead: Option<BlockRun>,
}

impl BlockRuns {
    fn step(&mut self) -> Result<Option<BlockRun>, ReadError> {
        if self.next >= self.blocks {
            return Ok(None);
        }
        let run = self.cursor.run_at(self.next)?;
        let content = if run.stored.is_some() { BlockContent::Data } else { BlockContent::Zero };
        self.next = run.blocks.end;
        Ok(Some(BlockRun { blocks: run.blocks, content }))
    }

    fn next_joined(&mut self) -> Result<Option<BlockRun>, ReadError> {
        let first = match self.ahead.take() {
            Some(run) => Some(run),
            None => self.step()?,
        };
        let Some(mut run) = first else { return Ok(None) };
        while let Some(next) = self.step()? {
            if next.content != run.content {
                self.ahead = Some(next);
                break;
            }
            run.blocks.end = next.blocks.end;
        }
        Ok(Some(run))
    }
}

impl Iterator for BlockRuns {
    type Item = Result<BlockRun, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let run = self.next_joined();
        if run.is_err() {
            (self.next, self.ahead) = (self.blocks, None);
        }
        run.transpose()
    }
}

/// A length that an in-memory buffer can have.
pub(crate) fn to_usize(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
