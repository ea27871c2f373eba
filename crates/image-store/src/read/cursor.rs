//! Walks a block map from any block on, keeping the nodes of the current path.

use super::{ReadError, Reader};
use crate::map_root::MapRoot;
use crate::node::{ChildRun, FANOUT, Node, Pointer, child_span};
use imprint_domain::BlockIndex;
use std::ops::Range;
use std::sync::Arc;

/// A place in the block map of one root.
#[derive(Debug)]
pub(crate) struct MapCursor {
    reader: Reader,
    root: MapRoot,
    /// The nodes last passed, leaf first; one for each level of the tree.
    path: Vec<Option<Arc<Node>>>,
}

/// A run of blocks as the block map has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MapRun {
    pub(crate) blocks: Range<u64>,
    /// Slot of the first block, the others follow; `None` when they are zero.
    pub(crate) stored: Option<Pointer>,
}

/// Where a descent ended.
enum Found {
    /// Children of the node of this level are zero.
    Zero { level: u8, first_block: u64, run: ChildRun },
    /// A leaf covers the block.
    Leaf(Arc<Node>),
    /// The whole volume is zero.
    Nothing,
}

impl MapCursor {
    pub(super) fn new(reader: Reader, root: MapRoot) -> Self {
        let path = vec![None; usize::from(root.height())];
        Self { reader, root, path }
    }

    /// The state that it walks over.
    pub(crate) fn root(&self) -> &MapRoot {
        &self.root
    }

    /// The run that starts at `block` of the volume, as long as one extent says.
    pub(crate) fn run_at(&mut self, block: u64) -> Result<MapRun, ReadError> {
        let size = self.root.size().blocks();
        match self.descend(block)? {
            Found::Nothing => Ok(MapRun { blocks: block..size, stored: None }),
            Found::Zero { level, first_block, run } => {
                let end = first_block + u64::from(run.children.end) * child_span(level);
                Ok(MapRun { blocks: block..end.min(size), stored: None })
            }
            Found::Leaf(leaf) => {
                let child = child_of(0, block);
                let run = leaf.runs_in(child..FANOUT).next();
                let Some(run) = run else { return Ok(MapRun { blocks: block..size, stored: None }) };
                let end = leaf.first_block() + u64::from(run.children.end);
                Ok(MapRun { blocks: block..end.min(size), stored: run.target })
            }
        }
    }

    /// The leaf that covers `block`; `None` when all its blocks are zero.
    pub(crate) fn leaf_at(&mut self, block: u64) -> Result<Option<Arc<Node>>, ReadError> {
        match self.descend(block)? {
            Found::Leaf(leaf) => Ok(Some(leaf)),
            Found::Zero { .. } | Found::Nothing => Ok(None),
        }
    }

    /// The first leaf that covers `block` or any after it and is not zero.
    pub(crate) fn next_leaf(&mut self, mut block: u64) -> Result<Option<Arc<Node>>, ReadError> {
        while block < self.root.size().blocks() {
            match self.descend(block)? {
                Found::Nothing => return Ok(None),
                Found::Leaf(leaf) => return Ok(Some(leaf)),
                Found::Zero { level, first_block, run } => {
                    block = first_block + u64::from(run.children.end) * child_span(level);
                }
            }
        }
        Ok(None)
    }

    fn descend(&mut self, block: u64) -> Result<Found, ReadError> {
        let Some(mut pointer) = self.root.top() else { return Ok(Found::Nothing) };
        for level in (0..self.root.height()).rev() {
            let first_block = block - block % child_span(level + 1);
            let node = self.node(pointer, level, first_block)?;
            if level == 0 {
                return Ok(Found::Leaf(node));
            }
            let Some(run) = node.runs_in(child_of(level, block)..FANOUT).next() else { break };
            match run.target {
                Some(child) => pointer = child,
                None => return Ok(Found::Zero { level, first_block, run }),
            }
        }
        Ok(Found::Nothing)
    }

    /// The node at `pointer`, kept as the current one of its level.
    pub(crate) fn node(&mut self, pointer: Pointer, level: u8, first_block: u64) -> Result<Arc<Node>, ReadError> {
        let kept = self.path.get(usize::from(level)).and_then(Option::as_ref);
        if let Some(node) = kept.filter(|node| node.first_block() == first_block) {
            return Ok(Arc::clone(node));
        }
        let node = self.reader.node(pointer, level, BlockIndex(first_block))?;
        if let Some(kept) = self.path.get_mut(usize::from(level)) {
            *kept = Some(Arc::clone(&node));
        }
        Ok(node)
    }
}

/// Which child of its node of this level covers `block`.
pub(crate) fn child_of(level: u8, block: u64) -> u16 {
    let child = block / child_span(level) % u64::from(FANOUT);
    u16::try_from(child).expect("a remainder by 1024 fits")
}
