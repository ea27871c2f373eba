//! Whether everything that a state reaches is there. Nodes are read and verified; of data blocks it is looked at whether
//! their segments' directories have them, not whether their bytes are intact: that is a scrub's work.

use super::{ReadError, Reader};
use crate::map_root::MapRoot;
use crate::node::{Node, Pointer, child_span};
use crate::segment::SlotKind;
use imprint_domain::BlockIndex;
use std::collections::HashSet;

/// Checks one state after the other. What was found whole is not looked at again.
#[derive(Debug)]
pub struct Presence {
    reader: Reader,
    whole: HashSet<Pointer>,
}

impl Reader {
    /// A check that has found nothing yet.
    pub fn presence(&self) -> Presence {
        Presence { reader: self.clone(), whole: HashSet::new() }
    }
}

impl Presence {
    /// Fails unless every slot that `root` reaches is there. Blocks; see the crate's documentation. `goes_on` is asked
    /// before each node; when it says no, `None` is answered.
    pub fn check(&mut self, root: &MapRoot, goes_on: &dyn Fn() -> bool) -> Result<Option<()>, ReadError> {
        // Also refuses the root of another store.
        self.reader.cursor(root)?;
        let Some(top) = root.top() else { return Ok(Some(())) };
        let mut found = Vec::new();
        let mut waiting = vec![(top, root.height().saturating_sub(1), 0)];
        while let Some((at, level, first_block)) = waiting.pop() {
            if self.whole.contains(&at) {
                continue;
            }
            if !goes_on() {
                return Ok(None);
            }
            let node = self.reader.node(at, level, BlockIndex(first_block))?;
            if level == 0 {
                self.check_leaf(&node)?;
            } else {
                for run in node.runs() {
                    let Some(first) = run.target else { continue };
                    let children = run.children.zip(first.slot..);
                    waiting.extend(children.map(|(child, slot)| {
                        (Pointer { slot, ..first }, level - 1, first_block + u64::from(child) * child_span(level))
                    }));
                }
            }
            found.push(at);
        }
        // A node counts as whole only with all that is beneath it.
        self.whole.extend(found);
        Ok(Some(()))
    }

    fn check_leaf(&self, leaf: &Node) -> Result<(), ReadError> {
        for run in leaf.runs() {
            let Some(first) = run.target else { continue };
            let block = |behind: u64| BlockIndex(leaf.first_block() + u64::from(run.children.start) + behind);
            let directory = self.reader.directory(first, block(0))?;
            for behind in 0..run.children.len() as u64 {
                let at = first.after(behind);
                if let Err(defect) = directory.readable(at.slot, SlotKind::Data) {
                    let (segment, slot, block) = (at.segment, at.slot, block(behind));
                    return Err(ReadError::Damaged { segment, slot, block, defect: defect.into() });
                }
            }
        }
        Ok(())
    }
}
