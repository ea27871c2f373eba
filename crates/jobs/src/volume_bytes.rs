//! What a volume holds, wherever it lies: a state in a store, or another disk.

use crate::changes::AllocationRuns;
use crate::export::ReadStoreError;
use crate::volume_file::WriteVolumeError;
use imprint_disk_format::Disk;
use imprint_domain::BlockIndex;
use imprint_image_store::{BlockContent, BlockRun, Change, ImageStore, MapRoot};

/// Runs of blocks.
pub(crate) type Runs<'a> = Box<dyn Iterator<Item = Result<BlockRun, WriteVolumeError>> + Send + 'a>;

/// The content of a volume, read from several threads at once.
pub(crate) trait VolumeBytes: Sync {
    /// Bytes of the volume.
    fn size(&self) -> u64;

    /// Its blocks from the first to the last, without a gap: those that may hold anything, and those that are zero.
    fn runs(&self) -> Result<Runs<'_>, WriteVolumeError>;

    /// Fills `buf` with the bytes from `offset` on; what lies beyond the volume's end are zeros.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), WriteVolumeError>;
}

/// A state of a volume in a store; whoever made this holds a lease that pins it.
pub(crate) struct StoredBytes {
    pub(crate) store: ImageStore,
    pub(crate) root: MapRoot,
}

impl VolumeBytes for StoredBytes {
    fn size(&self) -> u64 {
        self.root.size().bytes()
    }

    fn runs(&self) -> Result<Runs<'_>, WriteVolumeError> {
        let runs = self.store.reader().block_runs(&self.root, BlockIndex(0)).map_err(ReadStoreError::from)?;
        Ok(Box::new(runs.map(|run| run.map_err(|error| ReadStoreError::from(error).into()))))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), WriteVolumeError> {
        let inside = inside(self.size(), offset, buf);
        Ok(self.store.reader().read_at(&self.root, offset, inside).map_err(ReadStoreError::from)?)
    }
}

/// The content of a disk in a file.
pub(crate) struct DiskBytes<'a>(pub(crate) &'a dyn Disk);

impl VolumeBytes for DiskBytes<'_> {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn runs(&self) -> Result<Runs<'_>, WriteVolumeError> {
        let runs = AllocationRuns::new(self.0).map(|run| {
            let run = run.map_err(WriteVolumeError::ReadFile)?;
            let content = if run.change == Change::Zero { BlockContent::Zero } else { BlockContent::Data };
            Ok(BlockRun { blocks: run.blocks, content })
        });
        Ok(Box::new(runs))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), WriteVolumeError> {
        let inside = inside(self.size(), offset, buf);
        self.0.read_at(offset, inside).map_err(WriteVolumeError::ReadFile)
    }
}

/// The part of `buf` that lies inside a volume of `size` bytes; the rest is made zeros.
fn inside(size: u64, offset: u64, buf: &mut [u8]) -> &mut [u8] {
    let len = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX).min(buf.len());
    let (inside, beyond) = buf.split_at_mut(len);
    beyond.fill(0);
    inside
}
