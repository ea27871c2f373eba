//! What has changed between two states in one store, by where their blocks lie: subtrees that both share are not read.

use super::cursor::{MapCursor, child_of};
use super::{ReadError, Reader};
use crate::map_root::MapRoot;
use crate::node::{FANOUT, child_span};
use crate::write::{Change, ChangeRun};

/// The runs of a state, compared with another's.
struct Difference {
    state: MapCursor,
    base: Option<MapCursor>,
    next: u64,
    blocks: u64,
    base_blocks: u64,
    /// Trees of one height can be compared node by node.
    alike: bool,
}

impl Reader {
    /// The runs of `root`'s blocks, ascending and gap-free: zero, unchanged since `base`, or data. Unchanged are those
    /// that lie in the same slots; a block that was stored twice counts as changed. Without a base nothing is unchanged.
    ///
    /// Ends after the first error.
    pub fn changed_runs(
        &self,
        root: &MapRoot,
        base: Option<&MapRoot>,
    ) -> Result<impl Iterator<Item = Result<ChangeRun, ReadError>> + use<>, ReadError> {
        Ok(Difference {
            state: self.cursor(root)?,
            base: base.map(|base| self.cursor(base)).transpose()?,
            next: 0,
            blocks: root.size().blocks(),
            base_blocks: base.map_or(0, |base| base.size().blocks()),
            alike: base.is_some_and(|base| base.height() == root.height()),
        })
    }
}

impl Difference {
    fn step(&mut self) -> Result<Option<ChangeRun>, ReadError> {
        let start = self.next;
        if start >= self.blocks {
            return Ok(None);
        }
        let base = self.base.as_mut().filter(|_| start < self.base_blocks);
        let run = if let Some(base) = base {
            match self.alike.then(|| shared_until(&mut self.state, base, start)).transpose()?.flatten() {
                Some(end) => ChangeRun { blocks: start..end.min(self.blocks), change: Change::Unchanged },
                None => compare(&mut self.state, base, start)?,
            }
        } else {
            let run = self.state.run_at(start)?;
            let change = if run.stored.is_some() { Change::Data } else { Change::Zero };
            ChangeRun { blocks: start..run.blocks.end, change }
        };
        self.next = run.blocks.end;
        Ok(Some(run))
    }
}

impl Iterator for Difference {
    type Item = Result<ChangeRun, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let run = self.step();
        if run.is_err() {
            self.next = self.blocks;
        }
        run.transpose()
    }
}

/// The run from `block` on that is of one kind in both.
fn compare(state: &mut MapCursor, base: &mut MapCursor, block: u64) -> Result<ChangeRun, ReadError> {
    let (now, before) = (state.run_at(block)?, base.run_at(block)?);
    let both = block..now.blocks.end.min(before.blocks.end);
    Ok(match now.stored {
        // What was there before need not be looked at.
        None => ChangeRun { blocks: block..now.blocks.end, change: Change::Zero },
        Some(at) if before.stored == Some(at) => ChangeRun { blocks: both, change: Change::Unchanged },
        Some(_) => ChangeRun { blocks: both, change: Change::Data },
    })
}

/// The end of the largest subtree over `block`, beginning there, that is one and the same node in both trees, which are of
/// one height.
fn shared_until(state: &mut MapCursor, base: &mut MapCursor, block: u64) -> Result<Option<u64>, ReadError> {
    let (Some(mut here), Some(mut there)) = (state.root().top(), base.root().top()) else { return Ok(None) };
    for level in (0..state.root().height()).rev() {
        let first_block = block - block % child_span(level + 1);
        if here == there {
            return Ok(Some(first_block + child_span(level + 1)));
        }
        if level == 0 {
            break;
        }
        let child = child_of(level, block);
        let target = |cursor: &mut MapCursor, at| {
            let node = cursor.node(at, level, first_block)?;
            Ok::<_, ReadError>(node.runs_in(child..FANOUT).next().and_then(|run| run.target))
        };
        match (target(state, here)?, target(base, there)?) {
            (Some(state), Some(base)) => (here, there) = (state, base),
            _ => break,
        }
    }
    Ok(None)
}
