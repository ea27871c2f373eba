//! A node of a block map: where each of its 1024 children lies.
//!
//! ```text
//! 0 version u8 = 1  1 level u8 (0 leaf)  2 fanout_shift u8 = 10  3 flags u8  4 segs u16  6 extents u16
//! 8 first_block u64  16 data_blocks u64  24 reserved u64  32 segs × SegmentId[32]
//! then extents × 8: first u16 | count u16 | seg u16 (index; 0xFFFF self, 0xFFFE zero) | slot u16
//! ```
//! * A child of a leaf is a block, a child of any other node a node of the level below.
//! * There is one encoding of each node: extents sorted, gap-free over 0..1024, merged as far as possible; segments
//!   distinct, in the order of their first use. The decoder refuses any other, so that equal trees have equal bytes.
//! * `self` means the segment that holds the node; such slots lie below the node's own, so that no node reaches itself.
//! * A node whose children are all zero is never stored: its parent says zero.

use crate::byte_reader::ByteReader;
use crate::segment::MAX_SLOTS;
use imprint_domain::SegmentId;
use std::ops::Range;

/// Children of a node.
pub(crate) const FANOUT: u16 = 1024;
/// log2 of [`FANOUT`].
pub(crate) const FANOUT_SHIFT: u8 = 10;
/// Most levels of a tree: 1024³ blocks are 64 TiB.
pub(crate) const MAX_HEIGHT: u8 = 3;
/// Longest encoding: 32 + 1024 × (32 + 8) bytes, less than this.
pub(crate) const MAX_NODE_LEN: u32 = 41_000;

const VERSION: u8 = 1;
const SEG_SELF: u16 = 0xFFFF;
const SEG_ZERO: u16 = 0xFFFE;

/// Names one slot of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer {
    /// The segment.
    pub segment: SegmentId,
    /// The slot in it.
    pub slot: u16,
}

impl Pointer {
    /// The slot that comes `behind` slots after this one.
    pub(crate) fn after(self, behind: u64) -> Self {
        let behind = u16::try_from(behind).unwrap_or(u16::MAX);
        Self { slot: self.slot.saturating_add(behind), ..self }
    }
}

/// Why bytes are not the node looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeDefect {
    /// Too short or too long for what it says it holds.
    #[error("the node's length does not fit its counts")]
    Length,
    /// A version or fan-out that is not known, or a reserved field that is not zero.
    #[error("the node is of an unknown version")]
    Version,
    /// Another place of the tree than it was reached from.
    #[error("the node belongs to another place of the tree")]
    Place,
    /// Not the one encoding that a node has.
    #[error("the node's extents or segments are not in their order")]
    NotCanonical,
    /// A pointer that no node can hold.
    #[error("the node points to a slot that it cannot point to")]
    Pointer,
    /// The count of blocks does not fit the extents.
    #[error("the node's count of data blocks does not fit")]
    DataBlocks,
}

/// A decoded node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    level: u8,
    first_block: u64,
    data_blocks: u64,
    /// The segment that holds the node.
    own: Option<SegmentId>,
    segments: Vec<SegmentId>,
    extents: Vec<NodeExtent>,
}

/// A run of children; `segment` as encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NodeExtent {
    first: u16,
    count: u16,
    segment: u16,
    slot: u16,
}

/// A run of children, those of data in consecutive slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildRun {
    /// The children.
    pub children: Range<u16>,
    /// Where the first of them lies; `None` when all are zero.
    pub target: Option<Pointer>,
}

impl ChildRun {
    /// The part of the run that lies in `children`.
    pub(crate) fn clipped(&self, children: &Range<u16>) -> Option<Self> {
        let start = self.children.start.max(children.start);
        let end = self.children.end.min(children.end);
        let behind = start.checked_sub(self.children.start)?;
        let target = self.target.map(|at| at.after(u64::from(behind)));
        (start < end).then_some(Self { children: start..end, target })
    }
}

/// Blocks covered by one child of a node of this level.
pub(crate) fn child_span(level: u8) -> u64 {
    1 << (u32::from(FANOUT_SHIFT) * u32::from(level))
}

/// Levels of a tree over so many blocks.
pub(crate) fn height_of(blocks: u64) -> u8 {
    match blocks {
        0 => 0,
        _ => (1..MAX_HEIGHT).find(|height| child_span(*height) >= blocks).unwrap_or(MAX_HEIGHT),
    }
}

impl Node {
    /// Decodes the node that lies at `place` and was reached as the node of this level that covers the blocks from
    /// `first_block` on.
    pub fn decode(bytes: &[u8], place: Pointer, level: u8, first_block: u64) -> Result<Self, NodeDefect> {
        if bytes.len() > MAX_NODE_LEN as usize {
            return Err(NodeDefect::Length);
        }
        let node = Self::fields(bytes, place).unwrap_or(Err(NodeDefect::Length))?;
        if (node.level, node.first_block) != (level, first_block) {
            return Err(NodeDefect::Place);
        }
        node.check_segments(place.segment)?;
        node.check_extents(place.slot)?;
        node.check_data_blocks()?;
        Ok(node)
    }

    /// The one encoding of the node.
    ///
    /// # Panics
    /// Never: a decoded node has at most 1024 extents.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32 + self.segments.len() * 32 + self.extents.len() * 8);
        bytes.extend([VERSION, self.level, FANOUT_SHIFT, 0]);
        let count = |len: usize| u16::try_from(len).expect("a node has at most 1024 extents").to_le_bytes();
        bytes.extend(count(self.segments.len()));
        bytes.extend(count(self.extents.len()));
        bytes.extend(self.first_block.to_le_bytes());
        bytes.extend(self.data_blocks.to_le_bytes());
        bytes.extend([0; 8]);
        self.segments.iter().for_each(|segment| bytes.extend(segment.as_bytes()));
        for extent in &self.extents {
            for field in [extent.first, extent.count, extent.segment, extent.slot] {
                bytes.extend(field.to_le_bytes());
            }
        }
        bytes
    }

    /// A node with no extents yet, for [`Self::push`].
    pub(crate) fn begin(level: u8, first_block: u64, data_blocks: u64) -> Self {
        Self { level, first_block, data_blocks, own: None, segments: Vec::new(), extents: Vec::new() }
    }

    /// Adds a run of children behind the last one. `target`: `None` zero, `Some((None, slot))` a slot of the node's own
    /// segment.
    pub(crate) fn push(&mut self, count: u16, target: Option<(Option<SegmentId>, u16)>) {
        let first = self.extents.last().map_or(0, |last| last.first + last.count);
        let (segment, slot) = match target {
            None => (SEG_ZERO, 0),
            Some((None, slot)) => (SEG_SELF, slot),
            Some((Some(id), slot)) => {
                let known = self.segments.iter().rposition(|known| *known == id);
                let index = known.unwrap_or_else(|| {
                    self.segments.push(id);
                    self.segments.len() - 1
                });
                (u16::try_from(index).expect("a node has at most 1024 segments"), slot)
            }
        };
        self.extents.push(NodeExtent { first, count, segment, slot });
    }

    /// Distance from the leaves.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Blocks of data beneath it.
    pub fn data_blocks(&self) -> u64 {
        self.data_blocks
    }

    /// The first block that it covers.
    pub(crate) fn first_block(&self) -> u64 {
        self.first_block
    }

    /// The children, all 1024 of them.
    pub fn runs(&self) -> impl Iterator<Item = ChildRun> + '_ {
        self.extents.iter().map(|extent| self.run(*extent))
    }

    /// The children of a range.
    pub(crate) fn runs_in(&self, children: Range<u16>) -> impl Iterator<Item = ChildRun> + '_ {
        let from = self.extents.partition_point(|extent| extent.first + extent.count <= children.start);
        let runs = self.extents.iter().skip(from).map(|extent| self.run(*extent));
        runs.map_while(move |run| run.clipped(&children))
    }

    /// Where one child lies; `None` when it is zero.
    pub(crate) fn child(&self, child: u16) -> Option<Pointer> {
        self.runs_in(child..child.saturating_add(1)).next()?.target
    }

    /// What it weighs in a cache.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() + self.segments.capacity() * 32 + self.extents.capacity() * size_of::<NodeExtent>()
    }

    fn run(&self, extent: NodeExtent) -> ChildRun {
        let segment = match extent.segment {
            SEG_ZERO => None,
            SEG_SELF => self.own,
            index => self.segments.get(usize::from(index)).copied(),
        };
        let children = extent.first..extent.first + extent.count;
        ChildRun { children, target: segment.map(|segment| Pointer { segment, slot: extent.slot }) }
    }

    fn fields(bytes: &[u8], place: Pointer) -> Option<Result<Self, NodeDefect>> {
        let mut reader = ByteReader::new(bytes);
        let version = reader.u8()?;
        let level = reader.u8()?;
        let fanout_shift = reader.u8()?;
        let flags = reader.u8()?;
        let (segment_count, extent_count) = (reader.u16()?, reader.u16()?);
        let first_block = reader.u64()?;
        let data_blocks = reader.u64()?;
        let reserved = reader.u64()?;
        if version != VERSION || fanout_shift != FANOUT_SHIFT || flags != 0 || reserved != 0 {
            return Some(Err(NodeDefect::Version));
        }
        if segment_count > FANOUT || extent_count > FANOUT {
            return Some(Err(NodeDefect::Length));
        }
        let segments = (0..segment_count).map(|_| reader.array().map(SegmentId::from_bytes)).collect::<Option<_>>()?;
        let mut extents = Vec::with_capacity(usize::from(extent_count));
        for _ in 0..extent_count {
            let (first, count) = (reader.u16()?, reader.u16()?);
            extents.push(NodeExtent { first, count, segment: reader.u16()?, slot: reader.u16()? });
        }
        if !reader.is_empty() {
            return Some(Err(NodeDefect::Length));
        }
        Some(Ok(Self { level, first_block, data_blocks, own: Some(place.segment), segments, extents }))
    }

    /// Distinct, in the order of their first use, all used, and none of them spelled out that is `self`.
    fn check_segments(&self, own: SegmentId) -> Result<(), NodeDefect> {
        let mut sorted = self.segments.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) || sorted.binary_search(&own).is_ok() {
            return Err(NodeDefect::NotCanonical);
        }
        let mut used = 0;
        for extent in self.extents.iter().filter(|extent| !matches!(extent.segment, SEG_SELF | SEG_ZERO)) {
            match extent.segment {
                index if index < used => {}
                index if index == used => used += 1,
                _ => return Err(NodeDefect::NotCanonical),
            }
        }
        if usize::from(used) == self.segments.len() { Ok(()) } else { Err(NodeDefect::NotCanonical) }
    }

    fn check_extents(&self, own_slot: u16) -> Result<(), NodeDefect> {
        let mut end = 0;
        let mut last: Option<NodeExtent> = None;
        for extent in &self.extents {
            if extent.first != end || extent.count == 0 || extent.count > FANOUT - end {
                return Err(NodeDefect::NotCanonical);
            }
            end += extent.count;
            let slot_end = u32::from(extent.slot) + u32::from(extent.count);
            match extent.segment {
                SEG_ZERO if extent.slot != 0 => return Err(NodeDefect::NotCanonical),
                SEG_ZERO => {}
                SEG_SELF if slot_end > u32::from(own_slot) => return Err(NodeDefect::Pointer),
                _ if slot_end > u32::from(MAX_SLOTS) => return Err(NodeDefect::Pointer),
                _ => {}
            }
            if last.is_some_and(|last| last.is_continued_by(*extent)) {
                return Err(NodeDefect::NotCanonical);
            }
            last = Some(*extent);
        }
        if end == FANOUT { Ok(()) } else { Err(NodeDefect::NotCanonical) }
    }

    fn check_data_blocks(&self) -> Result<(), NodeDefect> {
        let used = self.extents.iter().filter(|extent| extent.segment != SEG_ZERO);
        let children: u64 = used.map(|extent| u64::from(extent.count)).sum();
        let fits = match self.level {
            0 => self.data_blocks == children,
            level if level < MAX_HEIGHT => (children..=children * child_span(level)).contains(&self.data_blocks),
            _ => false,
        };
        if fits && children > 0 { Ok(()) } else { Err(NodeDefect::DataBlocks) }
    }
}

impl NodeExtent {
    /// Whether `next` should have been a part of this one.
    fn is_continued_by(self, next: Self) -> bool {
        self.segment == next.segment && (self.segment == SEG_ZERO || self.slot + self.count == next.slot)
    }
}

#[cfg(test)]
mod tests;
