//! What differs between two contents of one store, as a picture of it: by their block maps alone, of which what both share
//! is not read. The cost follows what differs.

use crate::Jobs;
use crate::export::ReadStoreError;
use imprint_domain::{BLOCK_SIZE, BackupStorageUuid, BlockIndex, EncodedRoot};
use imprint_image_store::{BlockContent, Change, ChangeRun, MapRoot, Reader};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What differs between two contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Bytes that a cell stands for.
    pub cell_bytes: u64,
    /// For each cell in turn, bytes of blocks in it that may differ. The last cell may be shorter than the others.
    pub cells: Vec<u64>,
    /// All bytes of blocks that may differ. Blocks that were stored twice count, though they hold the same.
    pub changed: u64,
    /// Bytes of the newer content.
    pub size: u64,
}

/// The longest that a comparison takes, and waits for others.
const PATIENCE: Duration = Duration::from_mins(1);

/// Cells at most.
const CELLS: u64 = 2048;

impl Jobs {
    /// Compares two contents of one storage, one pair at a time. Ends soon when this future is dropped, for nobody wants to know
    /// then, and when it takes longer than somebody looks at a page that does not come.
    pub async fn compare(
        &self,
        storage: BackupStorageUuid,
        older: EncodedRoot,
        newer: EncodedRoot,
    ) -> Result<Comparison, ReadStoreError> {
        let compared = tokio::time::timeout(PATIENCE, self.compare_in_turn(storage, older, newer)).await;
        compared.unwrap_or(Err(ReadStoreError::TimedOut))
    }

    async fn compare_in_turn(
        &self,
        storage: BackupStorageUuid,
        older: EncodedRoot,
        newer: EncodedRoot,
    ) -> Result<Comparison, ReadStoreError> {
        let turn = Arc::clone(&self.0.comparisons).acquire_owned().await;
        let turn = turn.map_err(|_| ReadStoreError::Stopping)?;
        let pins = (self.pin(storage, older, "compare").await?, self.pin(storage, newer, "compare").await?);
        let store = self.store(storage).await?.ok_or(ReadStoreError::NotConnected)?;
        let (older, newer) = (MapRoot::decode(&older)?, MapRoot::decode(&newer)?);
        let reader = store.reader().clone();
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let is_wanted = Arc::clone(&wanted.0);
        let goes_on = move || is_wanted.load(Ordering::Relaxed);
        let compared = tokio::task::spawn_blocking(move || {
            let compared = compare(&reader, &older, &newer, &goes_on);
            // Not before, whoever waits for it.
            drop((turn, pins));
            compared
        });
        let compared = compared.await.map_err(|_| ReadStoreError::Panicked)?;
        drop(wanted);
        compared
    }
}

/// Somebody waits for a result as long as this lives.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn compare(
    reader: &Reader,
    older: &MapRoot,
    newer: &MapRoot,
    goes_on: &dyn Fn() -> bool,
) -> Result<Comparison, ReadStoreError> {
    let blocks = newer.size().blocks();
    let blocks_a_cell = blocks.div_ceil(CELLS).max(1);
    let count = usize::try_from(blocks.div_ceil(blocks_a_cell)).unwrap_or_default();
    let mut cells = vec![0_u64; count];
    let mut mark = |range: Range<u64>| {
        let mut block = range.start;
        while block < range.end {
            let cell = block / blocks_a_cell;
            let end = range.end.min((cell + 1) * blocks_a_cell);
            if let Some(changed) = usize::try_from(cell).ok().and_then(|cell| cells.get_mut(cell)) {
                *changed += (end - block) * BLOCK_SIZE;
            }
            block = end;
        }
    };
    for run in reader.changed_runs(newer, Some(older))? {
        if !goes_on() {
            return Err(ReadStoreError::Cancelled);
        }
        let ChangeRun { blocks, change } = run?;
        match change {
            Change::Unchanged => {}
            Change::Data => mark(blocks),
            // What is zero has changed where it was not zero before.
            Change::Zero => data_runs(reader, older, blocks, &mut mark)?,
        }
    }
    // The last block may reach beyond the end.
    let changed = cells.iter().sum::<u64>().min(newer.size().bytes());
    Ok(Comparison { cell_bytes: blocks_a_cell * BLOCK_SIZE, cells, changed, size: newer.size().bytes() })
}

/// Tells the runs of data within these blocks.
fn data_runs(
    reader: &Reader,
    root: &MapRoot,
    within: Range<u64>,
    tell: &mut impl FnMut(Range<u64>),
) -> Result<(), ReadStoreError> {
    if within.start >= root.size().blocks() {
        return Ok(());
    }
    for run in reader.block_runs(root, BlockIndex(within.start))? {
        let run = run?;
        if run.blocks.start >= within.end {
            break;
        }
        if run.content == BlockContent::Data {
            tell(run.blocks.start.max(within.start)..run.blocks.end.min(within.end));
        }
    }
    Ok(())
}
