//! Little-endian fields taken off the front of bytes that may be anything.

/// What is left to read. Every method answers `None` once the bytes run out.
pub(crate) struct ByteReader<'a> {
    rest: &'a [u8],
}

impl<'a> ByteReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Whether the next `N` bytes are zeros, as reserved fields must be.
    pub(crate) fn zeros<const N: usize>(&mut self) -> Option<bool> {
        self.array::<N>().map(|bytes| bytes == [0; N])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
