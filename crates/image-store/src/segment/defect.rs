//! What can be wrong with the bytes of a segment.

use crate::node::NodeDefect;
use imprint_domain::SegmentId;

/// Why nothing of a segment can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentDefect {
    /// Shorter than a header and a footer, or longer than a segment may be.
    #[error("an object of {0} bytes is no segment")]
    Length(u64),
    /// Header or footer does not begin as it must.
    #[error("the magic bytes are not there")]
    Magic,
    /// A later format.
    #[error("format {0} is not known")]
    Format(u16),
    /// Features that a reader must know.
    #[error("the features {0:#x} are not known")]
    Features(u32),
    /// A checksum of header or footer does not match.
    #[error("the checksum of header or footer does not match")]
    Checksum,
    /// A reserved field is not zero.
    #[error("a reserved field is not zero")]
    Reserved,
    /// Another block size, hash or encryption than this version reads.
    #[error("the block size, hash or encryption is not known")]
    Algorithm,
    /// The footer's offsets and counts do not fit together or do not fit the object.
    #[error("the footer does not describe this object")]
    Footer,
    /// The directory's hashes are not those that the name of the segment stands for.
    #[error("the content hashes to the segment id {0}")]
    WrongId(SegmentId),
}

/// Why one slot of a segment cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotDefect {
    /// The segment has no such slot.
    #[error("there is no such slot")]
    Absent,
    /// A rewriting of the segment left it out.
    #[error("the slot was dropped")]
    Dropped,
    /// It holds something else than it should.
    #[error("the slot is of another kind")]
    Kind,
    /// Its length is not one that its kind can have.
    #[error("the slot cannot have {0} bytes")]
    RawLength(u32),
    /// It does not lie between header and directory.
    #[error("the slot lies outside the object's payload")]
    Place,
    /// Stored in a way this version does not know.
    #[error("the codec {0} is not known")]
    Codec(u8),
    /// The stored bytes do not decompress to the slot's length.
    #[error("the stored bytes do not decompress")]
    Decompress,
    /// The content is not what the directory says.
    #[error("the content does not match its hash")]
    ContentHash,
}

/// What is wrong with a block's place in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// Nothing of the segment can be read.
    #[error(transparent)]
    Segment(#[from] SegmentDefect),
    /// The slot cannot be read.
    #[error(transparent)]
    Slot(#[from] SlotDefect),
    /// The slot holds no such node of a block map.
    #[error(transparent)]
    Node(#[from] NodeDefect),
}
