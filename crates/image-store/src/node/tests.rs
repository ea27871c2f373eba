use super::{FANOUT, MAX_NODE_LEN, Node, NodeDefect, Pointer, child_span, height_of};
use imprint_domain::SegmentId;
use proptest::collection::vec;
use proptest::prelude::*;

const OWN: Pointer = Pointer { segment: SegmentId::from_bytes([0xee; 32]), slot: 1500 };

fn id(byte: u8) -> SegmentId {
    SegmentId::from_bytes([byte; 32])
}

/// 0 to 2 zero, 3 blocks of segment 1 from slot 5 on, one of its own segment, the rest zero.
fn leaf() -> Node {
    let mut node = Node::begin(0, 2048, 4);
    node.push(3, None);
    node.push(3, Some((Some(id(1)), 5)));
    node.push(1, Some((None, 7)));
    node.push(FANOUT - 7, None);
    node
}

fn decode(bytes: &[u8]) -> Result<Node, NodeDefect> {
    Node::decode(bytes, OWN, 0, 2048)
}

/// The leaf with one field of its encoding changed.
fn changed(at: usize, value: u16) -> Result<Node, NodeDefect> {
    let mut bytes = leaf().encode();
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    decode(&bytes)
}

#[test]
fn the_bytes_of_a_leaf_never_change() {
    let expected = [
        "01000a00",         // version, level, fan-out, flags
        "0100",             // segments
        "0400",             // extents
        "0008000000000000", // first block
        "0400000000000000", // data blocks
        "0000000000000000",
        &"01".repeat(32),
        "00000300feff0000",
        "0300030000000500",
        "06000100ffff0700",
        "0700f903feff0000",
    ];
    assert_eq!(hex::encode(leaf().encode()), expected.concat());
}

#[test]
fn children_are_found_in_every_run() {
    let node = decode(&leaf().encode()).unwrap();
    assert_eq!(node.child(2), None);
    assert_eq!(node.child(4), Some(Pointer { segment: id(1), slot: 6 }));
    assert_eq!(node.child(6), Some(Pointer { segment: OWN.segment, slot: 7 }));
    assert_eq!(node.child(1023), None);
    let runs: Vec<_> = node.runs_in(4..7).map(|run| run.children).collect();
    assert_eq!(runs, [4..6, 6..7]);
    assert_eq!(node.runs_in(5..5).count(), 0);
}

#[test]
fn a_node_reached_from_elsewhere_is_refused() {
    let bytes = leaf().encode();
    assert_eq!(Node::decode(&bytes, OWN, 1, 2048), Err(NodeDefect::Place));
    assert_eq!(Node::decode(&bytes, OWN, 0, 1024), Err(NodeDefect::Place));
}

#[test]
fn every_rule_of_the_one_encoding_is_checked() {
    assert_eq!(changed(0, 2), Err(NodeDefect::Version));
    assert_eq!(changed(2, 0x010a), Err(NodeDefect::Version), "flags");
    assert_eq!(changed(24, 1), Err(NodeDefect::Version), "reserved");
    assert_eq!(changed(4, 2), Err(NodeDefect::Length), "segments");
    assert_eq!(changed(6, 3), Err(NodeDefect::Length), "extents");
    assert_eq!(changed(16, 5), Err(NodeDefect::DataBlocks));
    assert_eq!(changed(64 + 6, 1), Err(NodeDefect::NotCanonical), "slot of a zero run");
    assert_eq!(changed(72, 4), Err(NodeDefect::NotCanonical), "gap");
    assert_eq!(changed(74, 0), Err(NodeDefect::NotCanonical), "empty run");
    assert_eq!(changed(76, 1), Err(NodeDefect::NotCanonical), "segment not in order of use");
    assert_eq!(changed(76, 0xFFFD), Err(NodeDefect::NotCanonical), "reserved segment");
    assert_eq!(changed(76, 0xFFFE), Err(NodeDefect::NotCanonical), "segment not used");
    assert_eq!(changed(78, 2046), Err(NodeDefect::Pointer), "beyond the last slot");
    assert_eq!(changed(86, 1500), Err(NodeDefect::Pointer), "its own slot");
    assert_eq!(changed(90, 1018), Err(NodeDefect::NotCanonical), "too many children");
    let mut own = leaf().encode();
    own[32..64].copy_from_slice(OWN.segment.as_bytes());
    assert_eq!(decode(&own), Err(NodeDefect::NotCanonical), "its own segment by name");
    let mut split = Node::begin(0, 2048, 2);
    split.push(1, Some((Some(id(1)), 5)));
    split.push(1, Some((Some(id(1)), 6)));
    split.push(FANOUT - 2, None);
    assert_eq!(decode(&split.encode()), Err(NodeDefect::NotCanonical), "runs that belong together");
    let mut zero = Node::begin(0, 2048, 0);
    zero.push(FANOUT, None);
    assert_eq!(decode(&zero.encode()), Err(NodeDefect::DataBlocks), "a node of zeros");
}

#[test]
fn the_count_of_an_inner_node_lies_between_its_children_and_their_blocks() {
    for (level, blocks, good) in [(1, 1, true), (1, 1024, true), (1, 0, false), (1, 1025, false), (3, 1, false)] {
        let mut node = Node::begin(level, 0, blocks);
        node.push(1, Some((Some(id(1)), 0)));
        node.push(FANOUT - 1, None);
        let found = Node::decode(&node.encode(), OWN, level, 0);
        assert_eq!(found.is_ok(), good, "level {level}, {blocks} blocks");
    }
}

#[test]
fn the_largest_node_fits_its_limit() {
    let mut node = Node::begin(0, 0, 1024);
    for child in 0..FANOUT {
        let [low, high] = child.to_le_bytes();
        let mut name = [0; 32];
        name[..2].copy_from_slice(&[low, high]);
        node.push(1, Some((Some(SegmentId::from_bytes(name)), 0)));
    }
    let bytes = node.encode();
    assert!(bytes.len() <= MAX_NODE_LEN as usize);
    assert!(Node::decode(&bytes, OWN, 0, 0).is_ok());
}

#[test]
fn a_tree_is_as_high_as_its_volume_needs() {
    let heights = [0, 1, 1024, 1025, 1 << 20, (1 << 20) + 1, 1 << 30].map(height_of);
    assert_eq!(heights, [0, 1, 1, 2, 2, 3, 3]);
    assert_eq!(child_span(3), 1 << 30);
}

proptest! {
    #[test]
    fn bytes_either_are_no_node_or_its_one_encoding(
        at in 0_usize..96, value in any::<u8>(), cut in 0_usize..100, noise in vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = leaf().encode();
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        bytes.truncate(cut.max(60));
        bytes.extend(noise);
        if let Ok(node) = decode(&bytes) {
            prop_assert_eq!(node.encode(), bytes);
        }
    }
}
