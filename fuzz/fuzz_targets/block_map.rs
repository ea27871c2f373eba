//! A node of any bytes: either refused, or the one encoding of what it says.
#![no_main]

use imprint_domain::SegmentId;
use imprint_image_store::{Node, Pointer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The first bytes say where the node was reached from.
    let Some(([slot_low, slot_high, level, leaf], bytes)) = data.split_first_chunk() else { return };
    let place = Pointer { segment: SegmentId::from_bytes([7; 32]), slot: u16::from_le_bytes([*slot_low, *slot_high]) };
    let first_block = u64::from(*leaf) << 10;
    if let Ok(node) = Node::decode(bytes, place, *level, first_block) {
        assert_eq!(node.encode(), bytes);
        let mut next = 0;
        let mut used = 0;
        for run in node.runs() {
            assert_eq!(run.children.start, next);
            next = run.children.end;
            if let Some(target) = run.target {
                used += u64::from(run.children.end - run.children.start);
                assert!(target.segment != place.segment || target.slot < place.slot);
            }
        }
        assert_eq!(next, 1024);
        assert!(used <= node.data_blocks());
    }
});
