//! Builds the block map of a new state out of runs of blocks in ascending order, beside the map of its parent.
//!
//! * A run of zero or unchanged blocks that covers a whole subtree is one child of the node above it: nothing beneath is
//!   read or written. Cost follows what changes and the height of the tree.
//! * A node that ends up as the parent's is not written: the parent's is pointed to.
//! * Only the path to the current block is in memory.

use crate::map_root::MapRoot;
use crate::node::{FANOUT, Node, Pointer, child_span, height_of};
use crate::node_draft::{DraftTarget, NodeDraft};
use std::sync::Arc;

/// What the builder needs of the store.
pub(crate) trait NodeStore {
    /// Why a node could not be read or taken.
    type Error;
    /// A node of the parent.
    fn load(&mut self, at: Pointer, level: u8, first_block: u64) -> Result<Arc<Node>, Self::Error>;
    /// A chance to rearrange a leaf before it is taken or, if it is not `changed`, left to the parent. Answers whether
    /// it did.
    fn rearrange(&mut self, leaf: &mut NodeDraft, changed: bool) -> Result<bool, Self::Error>;
    /// Takes a node that is complete.
    fn append(&mut self, node: NodeDraft) -> Result<DraftTarget, Self::Error>;
}

/// Runs that need no look at single blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// All zero.
    Zero,
    /// As in the parent.
    Unchanged,
}

/// The top of a finished map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Top {
    /// All blocks are zero.
    Zero,
    /// A node of the parent, and the data blocks beneath it.
    Shared(Pointer, u64),
    /// A node of one's own, and the data blocks beneath it.
    New(DraftTarget, u64),
}

/// The parent's counterpart of an open node.
#[derive(Clone, Debug)]
enum Base {
    /// All zero, or there is no parent.
    Zero,
    Node(Arc<Node>),
    /// Above the parent's top node: the parent's whole tree is the first child, or beneath it.
    Above,
    /// It exists but cannot be read.
    Unreadable(Pointer),
}

/// The parent's counterpart of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BaseChild {
    Zero,
    Node(Pointer),
    Above,
    Unknown(Pointer),
}

struct OpenNode {
    draft: NodeDraft,
    base: Base,
    /// Differs from `base`.
    changed: bool,
    /// Some children that are not zero were left as in `base`.
    kept: bool,
    /// Data blocks of new children.
    new_blocks: u64,
    /// Data blocks of the base's children that were replaced, as far as known without reading.
    replaced_blocks: u64,
    /// The base's children that were replaced and not read, each with its first block.
    replaced: Vec<(Pointer, u64)>,
}

/// How a node ended.
#[derive(Clone, Copy)]
enum Closed {
    Zero,
    Same,
    New(DraftTarget, u64),
}

/// A block map in the making.
pub(crate) struct MapBuilder<E> {
    parent: Option<MapRoot>,
    height: u8,
    /// The next block.
    position: u64,
    /// Open nodes, the top one first.
    path: Vec<OpenNode>,
    /// Visit every leaf that is not zero, changed or not.
    visit_all: bool,
    top_base: Option<(Pointer, u64)>,
    top: Top,
    /// Why a node of the parent could not be read: fatal only if something of it must be kept.
    lost: Option<E>,
}

impl<E> MapBuilder<E> {
    /// A map over `blocks` blocks, none of which is known yet.
    pub(crate) fn new(parent: Option<MapRoot>, blocks: u64, visit_all: bool) -> Self {
        let height = height_of(blocks);
        Self { parent, height, position: 0, path: Vec::new(), visit_all, top_base: None, top: Top::Zero, lost: None }
    }

    /// The next `blocks` blocks are zero or unchanged. The blocks of an unchanged run are the parent's, all of them.
    pub(crate) fn push_run<S: NodeStore<Error = E>>(
        &mut self,
        store: &mut S,
        run: Run,
        mut blocks: u64,
    ) -> Result<(), E> {
        while blocks > 0 {
            let mut level = self.largest_level(blocks);
            self.open_down_to(store, level)?;
            let mut children = self.children_left(level, blocks);
            while run == Run::Unchanged && self.visit_all && level > 0 {
                let zeros = self.path.last().map_or(0, OpenNode::zero_children);
                if zeros > 0 {
                    children = children.min(zeros);
                    break;
                }
                level -= 1;
                self.open_down_to(store, level)?;
                children = self.children_left(level, blocks);
            }
            let taken = u64::from(children) * child_span(level);
            self.apply(run, children)?;
            self.position += taken;
            blocks -= taken;
            self.close_full(store)?;
        }
        Ok(())
    }

    /// The next block was stored at `at`.
    pub(crate) fn push_block<S: NodeStore<Error = E>>(&mut self, store: &mut S, at: DraftTarget) -> Result<(), E> {
        self.open_down_to(store, 0)?;
        if let Some(leaf) = self.path.last_mut() {
            leaf.draft.push(1, Some(at));
            leaf.changed = true;
        }
        self.position += 1;
        self.close_full(store)
    }

    /// All blocks of the volume are told. What the tree covers beyond them is zero.
    pub(crate) fn finish<S: NodeStore<Error = E>>(mut self, store: &mut S) -> Result<Top, E> {
        if self.height > 0 {
            let capacity = child_span(self.height);
            self.push_run(store, Run::Zero, capacity.saturating_sub(self.position))?;
        }
        Ok(self.top)
    }

    /// The highest level at which a run of `blocks` from here on has whole children.
    fn largest_level(&self, blocks: u64) -> u8 {
        let fits = |level: &u8| self.position.is_multiple_of(child_span(*level)) && child_span(*level) <= blocks;
        (0..self.height).rev().find(fits).unwrap_or(0)
    }

    fn children_left(&self, level: u8, blocks: u64) -> u16 {
        let left = self.path.last().map_or(FANOUT, |node| FANOUT - node.draft.children());
        u16::try_from(blocks / child_span(level)).map_or(left, |whole| left.min(whole))
    }

    fn open_down_to<S: NodeStore<Error = E>>(&mut self, store: &mut S, level: u8) -> Result<(), E> {
        loop {
            let next = match self.path.last() {
                None => self.height - 1,
                Some(node) if node.draft.level > level => node.draft.level - 1,
                Some(_) => return Ok(()),
            };
            let base = match self.path.last() {
                None => self.top_base_of(store)?,
                Some(node) => node.base_child(self.parent.as_ref(), node.draft.children()),
            };
            let first_block = self.position - self.position % child_span(next + 1);
            let base = match base {
                BaseChild::Zero => Base::Zero,
                BaseChild::Above => Base::Above,
                BaseChild::Unknown(at) => Base::Unreadable(at),
                BaseChild::Node(at) => match store.load(at, next, first_block) {
                    Ok(node) => Base::Node(node),
                    Err(error) => {
                        self.lost.get_or_insert(error);
                        Base::Unreadable(at)
                    }
                },
            };
            self.path.push(OpenNode::new(NodeDraft::new(next, first_block), base));
        }
    }

    /// The parent's counterpart of the top node: with a taller parent, what its first children lead down to.
    fn top_base_of<S: NodeStore<Error = E>>(&mut self, store: &mut S) -> Result<BaseChild, E> {
        let Some((mut at, parent)) = self.parent.and_then(|parent| Some((parent.top()?, parent))) else {
            return Ok(BaseChild::Zero);
        };
        if parent.height() < self.height {
            return Ok(BaseChild::Above);
        }
        let mut blocks = parent.data_blocks();
        for level in (self.height..parent.height()).rev() {
            match store.load(at, level, 0)?.child(0) {
                Some(child) => at = child,
                None => return Ok(BaseChild::Zero),
            }
            blocks = 0;
        }
        if parent.height() > self.height {
            blocks = store.load(at, self.height - 1, 0)?.data_blocks();
        }
        self.top_base = Some((at, blocks));
        Ok(BaseChild::Node(at))
    }

    fn apply(&mut self, run: Run, children: u16) -> Result<(), E> {
        let Some(node) = self.path.last_mut() else { return Ok(()) };
        match run {
            Run::Zero => node.replace_by_zero(self.parent.as_ref(), children),
            Run::Unchanged => {
                if matches!(node.base, Base::Unreadable(_)) {
                    return Err(self.lost.take().expect("a base is unreadable because a load failed"));
                }
                node.keep(self.parent.as_ref(), children);
            }
        }
        Ok(())
    }

    fn close_full<S: NodeStore<Error = E>>(&mut self, store: &mut S) -> Result<(), E> {
        while self.path.last().is_some_and(|node| node.draft.is_full()) {
            let Some(node) = self.path.pop() else { break };
            let base = node.base.clone();
            let closed = node.close(store, self.parent.as_ref())?;
            match self.path.last_mut() {
                Some(above) => above.take_child(self.parent.as_ref(), closed, &base),
                None => {
                    self.top = match (closed, self.top_base) {
                        (Closed::New(at, blocks), _) => Top::New(at, blocks),
                        (Closed::Same, Some((at, blocks))) => Top::Shared(at, blocks),
                        _ => Top::Zero,
                    }
                }
            }
        }
        Ok(())
    }
}

impl OpenNode {
    fn new(draft: NodeDraft, base: Base) -> Self {
        Self { draft, base, changed: false, kept: false, new_blocks: 0, replaced_blocks: 0, replaced: Vec::new() }
    }

    fn base_child(&self, parent: Option<&MapRoot>, child: u16) -> BaseChild {
        match &self.base {
            Base::Zero => BaseChild::Zero,
            Base::Node(node) => node.child(child).map_or(BaseChild::Zero, BaseChild::Node),
            Base::Unreadable(at) => BaseChild::Unknown(*at),
            Base::Above if child > 0 => BaseChild::Zero,
            Base::Above => match parent.and_then(|parent| Some((parent.top()?, parent.height()))) {
                Some((top, height)) if height == self.draft.level => BaseChild::Node(top),
                Some(_) => BaseChild::Above,
                None => BaseChild::Zero,
            },
        }
    }

    /// How many of the base's next children are zero.
    fn zero_children(&self) -> u16 {
        let next = self.draft.children();
        match &self.base {
            Base::Zero => FANOUT - next,
            Base::Node(node) => match node.runs_in(next..FANOUT).next() {
                Some(run) if run.target.is_none() => run.children.end - run.children.start,
                _ => 0,
            },
            Base::Above if next > 0 => FANOUT - next,
            Base::Above | Base::Unreadable(_) => 0,
        }
    }

    fn replace_by_zero(&mut self, parent: Option<&MapRoot>, children: u16) {
        let first = self.draft.children();
        self.draft.push(children, None);
        match &self.base {
            Base::Zero => {}
            Base::Unreadable(_) => self.changed = true,
            Base::Above => {
                if first == 0 {
                    self.changed = true;
                    self.replaced_blocks += parent.map_or(0, MapRoot::data_blocks);
                }
            }
            Base::Node(node) => {
                for run in node.runs_in(first..first + children) {
                    let Some(at) = run.target else { continue };
                    self.changed = true;
                    if self.draft.level > 0 {
                        let span = child_span(self.draft.level);
                        let first_block = self.draft.first_block;
                        let children = run.children.clone().zip(at.slot..);
                        let places = children
                            .map(|(child, slot)| (Pointer { slot, ..at }, first_block + u64::from(child) * span));
                        self.replaced.extend(places);
                    }
                }
            }
        }
    }

    fn keep(&mut self, parent: Option<&MapRoot>, children: u16) {
        let first = self.draft.children();
        match &self.base {
            Base::Zero => self.draft.push(children, None),
            Base::Node(node) => {
                for run in node.runs_in(first..first + children) {
                    self.kept |= run.target.is_some();
                    self.draft.push_shared(&run);
                }
            }
            Base::Above => {
                // Only the parent's whole tree can be kept up here, and only just above its top.
                if first == 0 {
                    if let BaseChild::Node(top) = self.base_child(parent, 0) {
                        self.kept = true;
                        self.draft.push_shared(&crate::node::ChildRun { children: 0..1, target: Some(top) });
                    } else {
                        self.draft.push(1, None);
                    }
                }
                let left = first + children - self.draft.children();
                if left > 0 {
                    self.draft.push(left, None);
                }
            }
            Base::Unreadable(_) => {}
        }
    }

    fn take_child(&mut self, parent: Option<&MapRoot>, child: Closed, base: &Base) {
        let (target, blocks) = match child {
            Closed::Same => return self.keep(parent, 1),
            Closed::Zero => (None, 0),
            Closed::New(target, blocks) => (Some(target), blocks),
        };
        let first_block = self.draft.first_block + u64::from(self.draft.children()) * child_span(self.draft.level);
        self.draft.push(1, target);
        self.new_blocks += blocks;
        match base {
            Base::Zero => self.changed |= target.is_some(),
            Base::Node(node) => {
                self.changed = true;
                self.replaced_blocks += node.data_blocks();
            }
            Base::Above => {
                self.changed = true;
                self.replaced_blocks += parent.map_or(0, MapRoot::data_blocks);
            }
            Base::Unreadable(at) => {
                self.changed = true;
                self.replaced.push((*at, first_block));
            }
        }
    }

    fn close<S: NodeStore>(mut self, store: &mut S, parent: Option<&MapRoot>) -> Result<Closed, S::Error> {
        if self.draft.level == 0 && !self.draft.is_zero() && store.rearrange(&mut self.draft, self.changed)? {
            self.changed = true;
        }
        if self.draft.is_zero() {
            return Ok(match self.base {
                Base::Node(..) if !self.changed => Closed::Same,
                _ => Closed::Zero,
            });
        }
        if !self.changed && matches!(self.base, Base::Node(..)) {
            return Ok(Closed::Same);
        }
        let blocks = self.data_blocks(store, parent)?;
        self.draft.data_blocks = blocks;
        Ok(Closed::New(store.append(self.draft)?, blocks))
    }

    /// The parent's count, less what was replaced, plus what is new: children that were kept are not read for it.
    fn data_blocks<S: NodeStore>(&self, store: &mut S, parent: Option<&MapRoot>) -> Result<u64, S::Error> {
        if self.draft.level == 0 {
            return Ok(self.draft.used_children());
        }
        if !self.kept {
            return Ok(self.new_blocks);
        }
        let before = match &self.base {
            Base::Node(node) => node.data_blocks(),
            Base::Above => parent.map_or(0, MapRoot::data_blocks),
            Base::Zero | Base::Unreadable(_) => 0,
        };
        let mut replaced = self.replaced_blocks;
        for (at, first_block) in &self.replaced {
            replaced += store.load(*at, self.draft.level - 1, *first_block)?.data_blocks();
        }
        Ok(before.saturating_sub(replaced) + self.new_blocks)
    }
}

#[cfg(test)]
mod tests;
