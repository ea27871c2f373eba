//! A segment that is being filled: data slots as they come, nodes beside them until it is sealed.

use super::directory::compute_id;
use super::footer::Footer;
use super::{HEADER_LEN, MAX_DATA_SLOTS, MAX_RAW_LEN, MAX_SLOTS, SegmentHeader, SlotEntry, SlotKind, stored_check};
use crate::codec::SlotCompressor;
use crate::node_draft::{NodeDraft, OwnSegment, OwnSegments};
use bytes::Bytes;
use imprint_domain::SegmentId;

/// A block as it will lie in a segment.
#[derive(Clone, Debug)]
pub(crate) struct StoredBlock {
    /// Over the raw block.
    pub(crate) hash: [u8; 32],
    /// Over `bytes`.
    pub(crate) check: u64,
    pub(crate) codec: u8,
    pub(crate) bytes: Bytes,
}

/// A segment that takes slots.
pub(crate) struct OpenSegment {
    own: OwnSegment,
    header: SegmentHeader,
    blocks: Vec<StoredBlock>,
    block_bytes: usize,
    nodes: Vec<NodeDraft>,
}

/// A segment ready to be written.
pub(crate) struct SealedSegment {
    pub(crate) id: SegmentId,
    pub(crate) generation: u64,
    pub(crate) data_slots: u16,
    /// The object's bytes, in order.
    pub(crate) parts: Vec<Bytes>,
    pub(crate) object_len: u64,
    /// Bytes of the data slots among them.
    pub(crate) block_bytes: usize,
}

impl OpenSegment {
    pub(crate) fn new(own: OwnSegment, header: SegmentHeader) -> Self {
        Self { own, header, blocks: Vec::new(), block_bytes: 0, nodes: Vec::new() }
    }

    pub(crate) fn own(&self) -> OwnSegment {
        self.own
    }

    pub(crate) fn data_slots(&self) -> u16 {
        u16::try_from(self.blocks.len()).expect("`push_block` stops at MAX_DATA_SLOTS")
    }

    /// Bytes of the data slots so far.
    pub(crate) fn block_bytes(&self) -> usize {
        self.block_bytes
    }

    /// Whether there is a slot left for a block, of `limit` data slots at most.
    pub(crate) fn takes_block(&self, limit: u16) -> bool {
        self.data_slots() < limit.min(MAX_DATA_SLOTS) && self.takes_node()
    }

    /// Whether there is a slot left for a node.
    pub(crate) fn takes_node(&self) -> bool {
        self.blocks.len() + self.nodes.len() < usize::from(MAX_SLOTS)
    }

    /// Adds a block and answers its slot.
    pub(crate) fn push_block(&mut self, block: StoredBlock) -> u16 {
        let slot = self.data_slots();
        self.block_bytes += block.bytes.len();
        self.blocks.push(block);
        slot
    }

    /// Adds a node and answers which of the segment's nodes it is. Its slot is that many after the data slots, whose
    /// number is known once the segment is sealed.
    pub(crate) fn push_node(&mut self, node: NodeDraft) -> u16 {
        let ordinal = u16::try_from(self.nodes.len()).expect("`takes_node` was asked first");
        self.nodes.push(node);
        ordinal
    }

    /// Lays the segment out. `earlier` knows the segments that its nodes point to.
    pub(crate) fn seal(self, earlier: &OwnSegments, compressor: &mut SlotCompressor) -> SealedSegment {
        let data_slots = self.data_slots();
        let header = self.header.encode();
        let mut layout =
            Layout { at: HEADER_LEN as u64, entries: Vec::new(), parts: vec![Bytes::from(header.clone())] };
        for block in self.blocks {
            layout.add(SlotKind::Data, MAX_RAW_LEN, block);
        }
        let node_area_offset = layout.at;
        for node in &self.nodes {
            let raw = node.resolve(self.own, data_slots, earlier).encode();
            let hash = *blake3::hash(&raw).as_bytes();
            let (codec, stored) = compressor.compress(&raw);
            let stored =
                StoredBlock { hash, check: stored_check(stored), codec, bytes: Bytes::copy_from_slice(stored) };
            layout.add(SlotKind::Node, u32::try_from(raw.len()).expect("nodes have less than 41,001 bytes"), stored);
        }
        let id = compute_id(&header, &layout.entries);
        let generation = self.header.generation;
        let (parts, object_len) = layout.finish(&header, node_area_offset, generation);
        SealedSegment { id, generation, data_slots, parts, object_len, block_bytes: self.block_bytes }
    }
}

struct Layout {
    at: u64,
    entries: Vec<SlotEntry>,
    parts: Vec<Bytes>,
}

impl Layout {
    fn add(&mut self, kind: SlotKind, raw_len: u32, block: StoredBlock) {
        let stored_len = u32::try_from(block.bytes.len()).expect("slots are at most 64 KiB");
        self.entries.push(SlotEntry {
            offset: self.at,
            stored_len,
            raw_len,
            kind,
            codec: block.codec,
            flags: 0,
            check: block.check,
            hash: block.hash,
        });
        self.at += u64::from(stored_len);
        self.parts.push(block.bytes);
    }

    fn finish(mut self, header: &[u8], node_area_offset: u64, generation: u64) -> (Vec<Bytes>, u64) {
        let mut tail = Vec::with_capacity((self.entries.len() + 1) * 64);
        self.entries.iter().for_each(|entry| entry.encode(&mut tail));
        let mut hasher = blake3::Hasher::new();
        hasher.update(header).update(&tail);
        let hash = *hasher.finalize().as_bytes();
        let slots = u16::try_from(self.entries.len()).expect("a segment has at most 2048 slots");
        let mut metadata_hash = [0; 16];
        metadata_hash.copy_from_slice(&hash[..16]);
        let footer =
            Footer { directory_offset: self.at, slots, live: slots, node_area_offset, generation, metadata_hash };
        tail.extend(footer.encode());
        self.parts.push(Bytes::from(tail));
        (self.parts, footer.object_len())
    }
}
