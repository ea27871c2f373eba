//! Compression of single slots: zstd level 1, or none where it does not pay.

use std::cell::RefCell;
use std::io;
use zstd::bulk::{Compressor, Decompressor};

/// The slot's bytes as they are.
pub(crate) const CODEC_RAW: u8 = 0;
/// One zstd frame.
pub(crate) const CODEC_ZSTD: u8 = 1;

/// One part in 16 must be saved: below that a reader's time is worth more than the space.
const MIN_SAVING: usize = 16;

/// A compression context with its output buffer, made once a thread.
pub(crate) struct SlotCompressor {
    context: Compressor<'static>,
    scratch: Vec<u8>,
}

impl SlotCompressor {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { context: Compressor::new(1)?, scratch: Vec::new() })
    }

    /// The codec and the bytes to store for `raw`.
    pub(crate) fn compress<'a>(&'a mut self, raw: &'a [u8]) -> (u8, &'a [u8]) {
        let room = raw.len() - raw.len().div_ceil(MIN_SAVING);
        if self.scratch.len() < room {
            self.scratch.resize(room, 0);
        }
        let target = self.scratch.get_mut(..room).unwrap_or_default();
        // An output that does not fit is an error here, and then the bytes are stored as they are.
        match self.context.compress_to_buffer(raw, target) {
            Ok(len) => self.scratch.get(..len).map_or((CODEC_RAW, raw), |packed| (CODEC_ZSTD, packed)),
            Err(_) => (CODEC_RAW, raw),
        }
    }
}

thread_local! {
    static CONTEXT: RefCell<Decompressor<'static>> = RefCell::new(Decompressor::default());
}

/// Decompresses a zstd frame of exactly `len` bytes; `None` if it is anything else.
pub(crate) fn decompress(stored: &[u8], len: usize) -> Option<Vec<u8>> {
    let raw = CONTEXT.with_borrow_mut(|context| context.decompress(stored, len)).ok()?;
    (raw.len() == len).then_some(raw)
}

/// Decompresses a zstd frame into exactly `raw`; `false` if it is anything else.
pub(crate) fn decompress_exactly(stored: &[u8], raw: &mut [u8]) -> bool {
    let expected = raw.len();
    CONTEXT.with_borrow_mut(|context| context.decompress_to_buffer(stored, raw).is_ok_and(|len| len == expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shrinks_is_compressed_and_what_does_not_is_kept() {
        let mut compressor = SlotCompressor::new().unwrap();
        let text = b"imprint ".repeat(8192);
        let (codec, stored) = compressor.compress(&text);
        assert_eq!(codec, CODEC_ZSTD);
        let mut back = vec![0; text.len()];
        assert!(decompress_exactly(stored, &mut back));
        assert_eq!(back, text);
        assert_eq!(decompress(stored, text.len()), Some(text.clone()));
        let mut noise = vec![0; 65536];
        getrandom::fill(&mut noise).unwrap();
        assert_eq!(compressor.compress(&noise), (CODEC_RAW, noise.as_slice()));
    }

    #[test]
    fn a_frame_of_another_length_is_refused() {
        let mut compressor = SlotCompressor::new().unwrap();
        let (_, stored) = compressor.compress(&[7; 1000]);
        assert!(!decompress_exactly(stored, &mut [0; 999]));
        assert!(!decompress_exactly(stored, &mut [0; 1001]));
        assert!(!decompress_exactly(b"no frame", &mut [0; 8]));
        assert_eq!(decompress(stored, 999), None);
        assert_eq!(decompress(stored, 1001), None);
        assert_eq!(decompress(b"no frame", 8), None);
    }
}
