//! Decompressing clusters.

use super::header::Compression;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Decompresses into buffers of the caller, so that no stream can make it write, or allocate, more than a cluster.
/// Contexts are kept for the next cluster: there are as many as threads that ever decompressed at once.
pub(super) struct ClusterDecompressor {
    compression: Compression,
    idle: Mutex<Vec<Context>>,
}

enum Context {
    Zlib(flate2::Decompress),
    Zstd(zstd::bulk::Decompressor<'static>),
}

impl ClusterDecompressor {
    /// For an image of this compression type.
    pub(super) fn new(compression: Compression) -> Self {
        Self { compression, idle: Mutex::new(Vec::new()) }
    }

    /// Fills `cluster` from the stream that `compressed` begins with; `None` if that does not fill it exactly.
    pub(super) fn decompress(&self, compressed: &[u8], cluster: &mut [u8]) -> Option<()> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut context = match idle {
            Some(context) => context,
            None => Context::new(self.compression)?,
        };
        let done = context.decompress(compressed, cluster);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(context);
        done
    }
}

impl Context {
    fn new(compression: Compression) -> Option<Self> {
        match compression {
            Compression::Zlib => Some(Self::Zlib(flate2::Decompress::new(false))),
            Compression::Zstd => zstd::bulk::Decompressor::new().ok().map(Self::Zstd),
        }
    }

    fn decompress(&mut self, compressed: &[u8], cluster: &mut [u8]) -> Option<()> {
        let filled = match self {
            Self::Zlib(zlib) => {
                zlib.reset(false);
                zlib.decompress(compressed, cluster, flate2::FlushDecompress::Finish).ok()?;
                usize::try_from(zlib.total_out()).ok()?
            }
            Self::Zstd(zstd) => {
                // After the frame comes what the next cluster begins with.
                let frame = zstd::zstd_safe::find_frame_compressed_size(compressed).ok()?;
                zstd.decompress_to_buffer(compressed.get(..frame)?, cluster).ok()?
            }
        };
        (filled == cluster.len()).then_some(())
    }
}
