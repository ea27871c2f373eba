//! A node being built, while it is not yet known which of its segments it will lie in or what that is called.

use crate::node::{ChildRun, FANOUT, Node};
use imprint_domain::SegmentId;
use std::ops::Range;

/// A segment of the writer's own, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OwnSegment(u32);

/// Which segment a draft points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SegmentRef {
    /// One that this writer fills or has filled.
    Own(OwnSegment),
    /// One of the parent's.
    Shared(SegmentId),
}

/// Where a run of children starts. In a segment of one's own the place of a block is its slot, that of a node counts
/// nodes: its slot comes that many after the data slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DraftTarget {
    pub(crate) segment: SegmentRef,
    pub(crate) place: u16,
}

/// The names of the writer's own sealed segments.
#[derive(Debug, Default)]
pub(crate) struct OwnSegments {
    sealed: Vec<(SegmentId, u16)>,
}

impl OwnSegments {
    /// The segment that comes after those sealed so far.
    pub(crate) fn next(&self) -> OwnSegment {
        OwnSegment(u32::try_from(self.sealed.len()).expect("64 TiB are far less than 2^32 segments"))
    }

    /// The next segment was sealed, under this name and with so many data slots.
    pub(crate) fn push_sealed(&mut self, id: SegmentId, data_slots: u16) {
        self.sealed.push((id, data_slots));
    }

    /// Name and number of data slots of a sealed segment.
    pub(crate) fn get(&self, own: OwnSegment) -> Option<(SegmentId, u16)> {
        self.sealed.get(usize::try_from(own.0).ok()?).copied()
    }
}

/// A node being built from its first child to its last.
#[derive(Clone, Debug)]
pub(crate) struct NodeDraft {
    pub(crate) level: u8,
    pub(crate) first_block: u64,
    pub(crate) data_blocks: u64,
    children: u16,
    segments: Vec<SegmentRef>,
    extents: Vec<DraftExtent>,
}

#[derive(Clone, Copy, Debug)]
struct DraftExtent {
    count: u16,
    /// Index of the segment, and place in it.
    target: Option<(u16, u16)>,
}

impl NodeDraft {
    pub(crate) fn new(level: u8, first_block: u64) -> Self {
        Self { level, first_block, data_blocks: 0, children: 0, segments: Vec::new(), extents: Vec::new() }
    }

    /// Children so far.
    pub(crate) fn children(&self) -> u16 {
        self.children
    }

    pub(crate) fn is_full(&self) -> bool {
        self.children == FANOUT
    }

    /// Whether every child so far is zero.
    pub(crate) fn is_zero(&self) -> bool {
        self.extents.iter().all(|extent| extent.target.is_none())
    }

    /// Children that are not zero.
    pub(crate) fn used_children(&self) -> u64 {
        self.extents.iter().filter(|extent| extent.target.is_some()).map(|extent| u64::from(extent.count)).sum()
    }

    /// Adds a run of children, merged into the last one where it continues it.
    pub(crate) fn push(&mut self, count: u16, target: Option<DraftTarget>) {
        let target = target.map(|at| (self.index_of(at.segment), at.place));
        self.children += count;
        if let Some(last) = self.extents.last_mut() {
            let continues = match (last.target, target) {
                (None, None) => true,
                (Some((segment, place)), Some(next)) => (segment, place + last.count) == next,
                _ => false,
            };
            if continues {
                last.count += count;
                return;
            }
        }
        self.extents.push(DraftExtent { count, target });
    }

    /// Adds children as another node has them.
    pub(crate) fn push_shared(&mut self, run: &ChildRun) {
        let target = run.target.map(|at| DraftTarget { segment: SegmentRef::Shared(at.segment), place: at.slot });
        self.push(run.children.end - run.children.start, target);
    }

    /// The runs of children so far.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (Range<u16>, Option<DraftTarget>)> + '_ {
        let mut first = 0;
        self.extents.iter().map(move |extent| {
            let children = first..first + extent.count;
            first = children.end;
            let target = extent.target.and_then(|(index, place)| {
                let segment = *self.segments.get(usize::from(index))?;
                Some(DraftTarget { segment, place })
            });
            (children, target)
        })
    }

    /// Number of distinct segments pointed into.
    pub(crate) fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// The node as it lies in the segment `own` behind `data_slots` data slots; `earlier` has the segments before it.
    pub(crate) fn resolve(&self, own: OwnSegment, data_slots: u16, earlier: &OwnSegments) -> Node {
        let mut node = Node::begin(self.level, self.first_block, self.data_blocks);
        for (children, target) in self.runs() {
            let target = target.map(|at| match at.segment {
                SegmentRef::Shared(id) => (Some(id), at.place),
                SegmentRef::Own(segment) => {
                    let sealed = (segment != own)
                        .then(|| earlier.get(segment).expect("children lie in this segment or in one sealed before"));
                    let before = if self.level == 0 { 0 } else { sealed.map_or(data_slots, |(_, data)| data) };
                    (sealed.map(|(id, _)| id), before + at.place)
                }
            });
            node.push(children.end - children.start, target);
        }
        node
    }

    fn index_of(&mut self, segment: SegmentRef) -> u16 {
        let known = self.segments.iter().rposition(|known| *known == segment);
        let index = known.unwrap_or_else(|| {
            self.segments.push(segment);
            self.segments.len() - 1
        });
        u16::try_from(index).expect("a node has at most 1024 segments")
    }
}
