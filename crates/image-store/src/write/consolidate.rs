//! Keeps leaves from pointing into ever more segments: blocks of small contributors are copied into the writer's own.

use super::WriteError;
use crate::node::Pointer;
use crate::node_draft::{DraftTarget, NodeDraft, SegmentRef};
use crate::read::Reader;
use crate::segment::StoredBlock;
use imprint_domain::{BlockIndex, SegmentId};
use std::collections::{BTreeMap, BTreeSet};

/// A leaf that a writer leaves may point into so many segments.
const MAX_CONTRIBUTORS: usize = 64;
/// Of a leaf with more, the blocks of so many are copied, the smallest ones.
const COPIED_CONTRIBUTORS: usize = 32;
/// Segments with fewer slots are small.
const SMALL_SEGMENT: usize = 64;
/// Blocks copied at a time.
const COPY_RUN: u16 = 16;

/// What a writer tidies up on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consolidation {
    /// Changed leaves that point into more than 64 segments.
    Crowded,
    /// Also every block, changed or not, whose segment has fewer than 64 slots: of small backups one segment is made.
    /// Visits every leaf of the volume that is not zero; meant for every 64th backup.
    CrowdedAndSmall,
}

impl Consolidation {
    /// Segments whose blocks of `leaf` are to be copied.
    pub(super) fn choose(self, reader: &Reader, leaf: &NodeDraft, changed: bool) -> BTreeSet<SegmentId> {
        if self == Self::Crowded && (!changed || leaf.segment_count() <= MAX_CONTRIBUTORS) {
            return BTreeSet::new();
        }
        let contributors = contributors(leaf);
        let mut chosen = BTreeSet::new();
        if changed && leaf.segment_count() > MAX_CONTRIBUTORS {
            chosen.extend(smallest(&contributors));
        }
        if self == Self::CrowdedAndSmall {
            // A segment that gives this leaf more blocks than that is not small: no need to look.
            let candidates = contributors.iter().filter(|(_, part)| usize::from(part.blocks) < SMALL_SEGMENT);
            for (id, part) in candidates {
                let place = Pointer { segment: *id, slot: part.slot };
                let directory = reader.directory(place, BlockIndex(leaf.first_block));
                if directory.is_ok_and(|directory| directory.slots() < SMALL_SEGMENT) {
                    chosen.insert(*id);
                }
            }
        }
        chosen
    }
}

/// What a segment of the parent gives to a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    blocks: u16,
    /// One of the slots.
    slot: u16,
}

fn contributors(leaf: &NodeDraft) -> BTreeMap<SegmentId, Part> {
    let mut found = BTreeMap::new();
    for (children, target) in leaf.runs() {
        if let Some(DraftTarget { segment: SegmentRef::Shared(id), place }) = target {
            let part = found.entry(id).or_insert(Part { blocks: 0, slot: place });
            part.blocks += children.end - children.start;
        }
    }
    found
}

fn smallest(contributors: &BTreeMap<SegmentId, Part>) -> impl Iterator<Item = SegmentId> {
    let mut by_size: Vec<_> = contributors.iter().map(|(id, part)| (part.blocks, *id)).collect();
    by_size.sort_unstable();
    by_size.into_iter().take(COPIED_CONTRIBUTORS).map(|(_, id)| id)
}

/// Rebuilds `leaf` with the blocks of the `chosen` segments copied by `push`. Blocks that cannot be read stay where they
/// are: a backup does not fail for what it only tidies up, and the next one that reads them from the disk stores them
/// again. Answers whether any was copied.
pub(super) fn copy_blocks(
    reader: &Reader,
    leaf: &mut NodeDraft,
    chosen: &BTreeSet<SegmentId>,
    mut push: impl FnMut(StoredBlock) -> Result<DraftTarget, WriteError>,
) -> Result<bool, WriteError> {
    let mut rebuilt = NodeDraft::new(leaf.level, leaf.first_block);
    let mut copied = false;
    for (children, target) in leaf.runs() {
        let count = children.end - children.start;
        let shared = target.and_then(|at| match at.segment {
            SegmentRef::Shared(id) if chosen.contains(&id) => Some(Pointer { segment: id, slot: at.place }),
            _ => None,
        });
        let Some(first) = shared else {
            rebuilt.push(count, target);
            continue;
        };
        for behind in (0..count).step_by(usize::from(COPY_RUN)) {
            let part = COPY_RUN.min(count - behind);
            let at = Pointer { slot: first.slot + behind, ..first };
            let block = BlockIndex(leaf.first_block + u64::from(children.start + behind));
            let Ok(blocks) = reader.read_stored(&at, block, part) else {
                let segment = SegmentRef::Shared(at.segment);
                rebuilt.push(part, Some(DraftTarget { segment, place: at.slot }));
                continue;
            };
            for block in blocks {
                let target = push(block)?;
                rebuilt.push(1, Some(target));
            }
            copied = true;
        }
    }
    if copied {
        *leaf = rebuilt;
    }
    Ok(copied)
}
