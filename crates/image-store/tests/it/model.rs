//! Any sequence of writes, compared with a map from blocks to content after each of them.

use crate::disk::SeedDisk;
use crate::harness::{TestStore, request};
use imprint_domain::BLOCK_SIZE;
use imprint_image_store::{Change, Consolidation, MapRoot};
use proptest::collection::vec;
use proptest::prelude::*;
use std::ops::Range;

/// A change to the disk.
#[derive(Clone, Debug)]
enum Edit {
    Fill { start: u64, len: u64, seed: u32 },
    Clear { start: u64, len: u64 },
    Resize { size: u64 },
}

/// How the writer is told of the changes.
#[derive(Clone, Copy, Debug)]
enum Telling {
    /// Everything must be read.
    All,
    /// Zero blocks are known.
    Allocation,
    /// What is as in the parent is known, as from a dirty bitmap that marks a bit too much.
    Bitmap,
}

#[derive(Clone, Debug)]
struct Step {
    edits: Vec<Edit>,
    telling: Telling,
    /// Which earlier state to write on, counted back from the newest; none beyond the first.
    parent: usize,
    consolidation: Consolidation,
}

/// Places where something may go wrong: the edges of leaves and of inner nodes.
fn place() -> impl Strategy<Value = u64> {
    let edges = prop_oneof![Just(0_u64), Just(1024), Just(2048), Just(5000), Just(1 << 20), Just((1 << 20) + 1024)];
    (edges, 0_u64..40).prop_map(|(edge, near)| (edge + near).saturating_sub(20))
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        5 => (place(), 1_u64..24, any::<u32>()).prop_map(|(start, len, seed)| Edit::Fill { start, len, seed }),
        2 => (place(), 1_u64..3000).prop_map(|(start, len)| Edit::Clear { start, len }),
        1 => Just(Edit::Clear { start: 0, len: 1 << 21 }),
        2 => (place(), 0_u64..3).prop_map(|(blocks, odd)| Edit::Resize { size: blocks * BLOCK_SIZE + odd * 512 }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let telling = prop_oneof![Just(Telling::All), Just(Telling::Allocation), Just(Telling::Bitmap)];
    let consolidation = prop_oneof![4 => Just(Consolidation::Crowded), 1 => Just(Consolidation::CrowdedAndSmall)];
    (vec(edit(), 0..6), telling, 0_usize..4, consolidation).prop_map(|(edits, telling, parent, consolidation)| Step {
        edits,
        telling,
        parent,
        consolidation,
    })
}

fn apply(disk: &mut SeedDisk, edit: &Edit) {
    let blocks = disk.blocks();
    match *edit {
        Edit::Fill { start, len, seed } => {
            for block in start.min(blocks)..(start + len).min(blocks) {
                disk.seeds.insert(block, seed.wrapping_add(u32::try_from(block).unwrap()));
            }
        }
        Edit::Clear { start, len } => {
            for block in disk.seeds.range(start..start + len).map(|(block, _)| *block).collect::<Vec<_>>() {
                disk.seeds.remove(&block);
            }
        }
        Edit::Resize { size } => disk.resize(size),
    }
}

/// Runs of blocks that say what is true, as exactly as `telling` knows it. A `Data` run over a large hole would be read
/// block by block, so that even the most ignorant teller knows zeros beyond the first few thousand blocks.
fn tell(telling: Telling, disk: &SeedDisk, parent: Option<&SeedDisk>) -> Vec<(Range<u64>, Change)> {
    let mut marks: Vec<(u64, Change)> = Vec::new();
    let mut interesting: Vec<u64> = disk.seeds.keys().copied().collect();
    if let Some(parent) = parent {
        interesting.extend(parent.seeds.keys());
        interesting.push(parent.blocks());
    }
    interesting.extend([0, disk.blocks().saturating_sub(1)]);
    interesting.extend(interesting.clone().iter().map(|block| block + 1));
    interesting.retain(|block| *block < disk.blocks());
    interesting.sort_unstable();
    interesting.dedup();
    for (index, block) in interesting.iter().enumerate() {
        let end = interesting.get(index + 1).copied().unwrap_or(disk.blocks());
        let seed = disk.seeds.get(block);
        let old = parent.filter(|parent| *block < parent.blocks()).map(|parent| parent.seeds.get(block));
        let marked_too_much = block % 7 == 0 && end == block + 1;
        let change = match telling {
            Telling::All if seed.is_none() && end - block > 64 => Change::Zero,
            Telling::All => Change::Data,
            Telling::Bitmap if old == Some(seed) && !marked_too_much => Change::Unchanged,
            _ if seed.is_none() => Change::Zero,
            _ => Change::Data,
        };
        marks.push((*block, change));
    }
    let ends = marks.iter().skip(1).map(|(block, _)| *block).chain([disk.blocks()]);
    marks.iter().zip(ends).map(|((start, change), end)| (*start..end, *change)).collect()
}

fn check_sequence(blocks: u64, segment_blocks: u16, steps: &[Step]) {
    let store = TestStore::in_memory(segment_blocks);
    let mut disk = SeedDisk::new(blocks);
    let mut states: Vec<(MapRoot, SeedDisk)> = Vec::new();
    for step in steps {
        step.edits.iter().for_each(|edit| apply(&mut disk, edit));
        let parent = states.len().checked_sub(step.parent + 1).and_then(|at| states.get(at));
        let mut request = request(&disk, parent.map(|(root, _)| *root));
        request.consolidation = step.consolidation;
        let runs = tell(step.telling, &disk, parent.map(|(_, disk)| disk));
        let written = store.write_with(&request, &disk, &runs).unwrap();
        store.check(&written.root, &disk);
        let same = parent.filter(|(_, old)| old.seeds == disk.seeds && old.size == disk.size);
        if let (Some((root, _)), Consolidation::Crowded) = (same, step.consolidation) {
            assert_eq!((written.root, written.segments), (*root, 0), "nothing has changed");
        }
        states.push((written.root, disk.clone()));
    }
    for (root, disk) in &states {
        store.check(root, disk);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_state_ever_written_reads_back(
        blocks in prop_oneof![Just(3_u64), Just(1024), Just(3000), Just((1 << 20) + 3000)],
        segment_blocks in prop_oneof![Just(1_u16), Just(3), Just(17), Just(1024)],
        steps in vec(step(), 1..7),
    ) {
        check_sequence(blocks, segment_blocks, &steps);
    }
}
