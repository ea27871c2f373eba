//! A root as metadata carries it: 96 opaque bytes that only the image store reads.

/// The encoded form of a `MapRoot`: the name of one state of a volume in an image store.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EncodedRoot([u8; Self::LEN]);

/// Bytes of another length than a root's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a root has 96 bytes, not {0}")]
pub struct InvalidEncodedRoot(pub usize);

impl EncodedRoot {
    /// Length of a root.
    pub const LEN: usize = 96;

    /// Wraps the bytes; their content is checked by the image store when it decodes them.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl TryFrom<&[u8]> for EncodedRoot {
    type Error = InvalidEncodedRoot;

    fn try_from(bytes: &[u8]) -> Result<Self, InvalidEncodedRoot> {
        bytes.try_into().map(Self).map_err(|_| InvalidEncodedRoot(bytes.len()))
    }
}

impl std::fmt::Debug for EncodedRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EncodedRoot({})", hex::encode(self.0))
    }
}
