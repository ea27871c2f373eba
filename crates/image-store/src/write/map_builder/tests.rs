use super::{MapBuilder, NodeStore, Run, Top};
use crate::map_root::MapRoot;
use crate::node::{Node, Pointer};
use crate::node_draft::{DraftTarget, NodeDraft, OwnSegments, SegmentRef};
use imprint_domain::{BLOCK_SIZE, SegmentId, StoreUuid, VolumeSize};
use std::collections::HashMap;
use std::sync::Arc;

/// Every node in a segment of its own, in slot 0; loads are counted.
#[derive(Default)]
struct NodeMemory {
    nodes: HashMap<SegmentId, Arc<Node>>,
    loads: usize,
    appends: usize,
    lost: Option<SegmentId>,
}

fn segment(number: usize) -> SegmentId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
    SegmentId::from_bytes(bytes)
}

fn block(number: u64) -> DraftTarget {
    let mut bytes = [0xbb; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    DraftTarget { segment: SegmentRef::Shared(SegmentId::from_bytes(bytes)), place: 9 }
}

impl NodeStore for NodeMemory {
    type Error = SegmentId;

    fn load(&mut self, at: Pointer, level: u8, first_block: u64) -> Result<Arc<Node>, SegmentId> {
        self.loads += 1;
        if self.lost == Some(at.segment) {
            return Err(at.segment);
        }
        let node = Arc::clone(&self.nodes[&at.segment]);
        assert_eq!((node.level(), node.first_block()), (level, first_block));
        Ok(node)
    }

    fn rearrange(&mut self, _: &mut NodeDraft, _: bool) -> Result<bool, SegmentId> {
        Ok(false)
    }

    fn append(&mut self, node: NodeDraft) -> Result<DraftTarget, SegmentId> {
        let id = segment(self.nodes.len());
        self.appends += 1;
        let earlier = OwnSegments::default();
        let bytes = node.resolve(earlier.next(), 0, &earlier).encode();
        let node = Node::decode(&bytes, Pointer { segment: id, slot: 0 }, node.level, node.first_block).unwrap();
        self.nodes.insert(id, Arc::new(node));
        Ok(DraftTarget { segment: SegmentRef::Shared(id), place: 0 })
    }
}

impl NodeMemory {
    fn root(&self, top: Top, blocks: u64) -> MapRoot {
        let size = VolumeSize::new(blocks * BLOCK_SIZE).unwrap();
        let top = match top {
            Top::Zero => None,
            Top::Shared(at, blocks) => Some((at, blocks)),
            Top::New(DraftTarget { segment: SegmentRef::Shared(segment), place }, blocks) => {
                Some((Pointer { segment, slot: place }, blocks))
            }
            Top::New(..) => unreachable!("`append` answers shared places"),
        };
        if let Some((at, blocks)) = top {
            assert_eq!(self.nodes[&at.segment].data_blocks(), blocks);
        }
        MapRoot::new(StoreUuid::from_bytes([0; 16]), size, top)
    }

    /// A map whose `marked` blocks are new and whose other blocks are as `run` says.
    fn build(&mut self, parent: Option<MapRoot>, blocks: u64, run: Run, marked: &[u64]) -> Result<MapRoot, SegmentId> {
        (self.loads, self.appends) = (0, 0);
        let mut builder = MapBuilder::new(parent, blocks, false);
        let mut next = 0;
        for mark in marked {
            builder.push_run(self, run, mark - next)?;
            builder.push_block(self, block(*mark))?;
            next = mark + 1;
        }
        builder.push_run(self, run, blocks - next)?;
        let top = builder.finish(self)?;
        Ok(self.root(top, blocks))
    }
}

const TIB_16: u64 = 1 << 28;

#[test]
fn one_block_of_a_huge_sparse_volume_costs_its_path() {
    let mut memory = NodeMemory::default();
    let full = memory.build(None, TIB_16, Run::Zero, &[5_000_000]).unwrap();
    assert_eq!((memory.loads, memory.appends, full.data_blocks()), (0, 3, 1));
    let next = memory.build(Some(full), TIB_16, Run::Unchanged, &[200_000_000]).unwrap();
    assert_eq!((memory.loads, memory.appends, next.data_blocks()), (1, 3, 2));
    let same_leaf = memory.build(Some(next), TIB_16, Run::Unchanged, &[5_000_001]).unwrap();
    assert_eq!((memory.loads, memory.appends, same_leaf.data_blocks()), (3, 3, 3));
    let nothing = memory.build(Some(same_leaf), TIB_16, Run::Unchanged, &[]).unwrap();
    assert_eq!((memory.loads, memory.appends), (1, 0));
    assert_eq!(nothing, same_leaf);
}

#[test]
fn zeros_over_data_read_only_what_the_count_needs() {
    let mut memory = NodeMemory::default();
    let marked: Vec<u64> = (0..50).map(|leaf| leaf * 1024).collect();
    let full = memory.build(None, 1 << 20, Run::Zero, &marked).unwrap();
    assert_eq!((full.data_blocks(), memory.appends), (50, 51));
    let all_zero = memory.build(Some(full), 1 << 20, Run::Zero, &[]).unwrap();
    assert_eq!((all_zero.data_blocks(), memory.appends), (0, 0));
    // The first 10 leaves are zeroed, the others kept.
    (memory.loads, memory.appends) = (0, 0);
    let mut builder = MapBuilder::new(Some(full), 1 << 20, false);
    builder.push_run(&mut memory, Run::Zero, 10 * 1024).unwrap();
    builder.push_run(&mut memory, Run::Unchanged, (1 << 20) - 10 * 1024).unwrap();
    let top = builder.finish(&mut memory).unwrap();
    assert_eq!(memory.root(top, 1 << 20).data_blocks(), 40);
    assert_eq!((memory.loads, memory.appends), (11, 1));
}

#[test]
fn the_same_zeros_again_share_the_parents_top() {
    let mut memory = NodeMemory::default();
    let full = memory.build(None, TIB_16, Run::Zero, &[77]).unwrap();
    let mut builder = MapBuilder::new(Some(full), TIB_16, false);
    builder.push_run(&mut memory, Run::Zero, 77).unwrap();
    builder.push_run(&mut memory, Run::Unchanged, 1).unwrap();
    builder.push_run(&mut memory, Run::Zero, TIB_16 - 78).unwrap();
    let top = builder.finish(&mut memory).unwrap();
    assert_eq!(memory.root(top, TIB_16), full);
}

#[test]
fn volumes_that_grow_and_shrink_share_what_lies_in_both() {
    let mut memory = NodeMemory::default();
    let small = memory.build(None, 1024, Run::Zero, &[3, 900]).unwrap();
    // Only the new levels are written.
    let mut grown = MapBuilder::new(Some(small), TIB_16, false);
    memory.appends = 0;
    grown.push_run(&mut memory, Run::Unchanged, 1024).unwrap();
    grown.push_run(&mut memory, Run::Zero, TIB_16 - 1024).unwrap();
    let top = grown.finish(&mut memory).unwrap();
    let grown = memory.root(top, TIB_16);
    assert_eq!((grown.data_blocks(), grown.height(), memory.appends), (2, 3, 2));
    // Back again: the leaf is the parent's.
    let back = memory.build(Some(grown), 1024, Run::Unchanged, &[]).unwrap();
    assert_eq!((back.top(), back.data_blocks(), memory.appends), (small.top(), 2, 0));
    let cut = memory.build(Some(small), 500, Run::Unchanged, &[]).unwrap();
    assert_eq!((cut.data_blocks(), memory.appends), (1, 1));
}

#[test]
fn an_unreadable_node_of_the_parent_matters_only_if_something_of_it_is_kept() {
    let mut memory = NodeMemory::default();
    let full = memory.build(None, 2048, Run::Zero, &[0, 1024]).unwrap();
    memory.lost = Some(segment(0));
    assert_eq!(memory.build(Some(full), 2048, Run::Unchanged, &[5]), Err(segment(0)));
    // All of the lost leaf is new.
    let mut builder = MapBuilder::new(Some(full), 2048, false);
    for at in 0..1024 {
        builder.push_block(&mut memory, block(at)).unwrap();
    }
    builder.push_run(&mut memory, Run::Zero, 1024).unwrap();
    let top = builder.finish(&mut memory).unwrap();
    assert_eq!(memory.root(top, 2048).data_blocks(), 1024);
}
