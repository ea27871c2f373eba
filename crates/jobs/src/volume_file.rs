//! The file of a volume, written anew.
//!
//! A raw file has a hole wherever the volume holds zeros; a qcow2 file is laid out as exported ones are. Both are drafts
//! until they are whole and durable.

use crate::export::ReadStoreError;
use crate::source::OpenSourceError;
use crate::units::work_off;
use crate::volume_bytes::VolumeBytes;
use crate::watch::{Ending, Watch};
use imprint_disk_format::{
    ClusterBitmap, DraftFile, LayoutError, OpenBeneathError, Qcow2Layout, ReadDiskError, Region, SourceFormat,
    WriteDiskError, available_space,
};
use imprint_domain::BLOCK_SIZE;
use imprint_image_store::{BlockContent, BlockRun};
use imprint_metadata::MetadataError;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Blocks that are read and written at once.
pub(crate) const UNIT_BLOCKS: u64 = 16;

/// Bytes that a file system is left, so that it does not fill up to its last byte.
const RESERVE: u64 = 16 << 20;

/// Why a volume's file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteVolumeError {
    /// What is to be written cannot be read.
    #[error(transparent)]
    Read(#[from] ReadStoreError),
    /// The file cannot be used.
    #[error(transparent)]
    Open(#[from] OpenSourceError),
    /// What the file holds cannot be read.
    #[error("read the volume's file")]
    ReadFile(#[source] ReadDiskError),
    /// The file system has too little space.
    #[error("{needed} bytes are needed, and {available} are free")]
    NoSpace {
        /// Bytes that the file may come to need.
        needed: u64,
        /// Bytes that there are.
        available: u64,
    },
    /// A new file would not hold the snapshots that the old one holds.
    #[error("the file holds internal snapshots, which writing it anew would lose")]
    Snapshots,
    /// The volume is too large for the format.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The file cannot be written.
    #[error("write the volume's file")]
    Write(#[source] std::io::Error),
    /// The file cannot be changed.
    #[error("change the volume's file")]
    Change(#[source] WriteDiskError),
    /// The work had to end early.
    #[error(transparent)]
    Ended(#[from] Ending),
    /// A thread of ours panicked.
    #[error("a writing thread panicked")]
    Panicked,
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<OpenBeneathError> for WriteVolumeError {
    fn from(error: OpenBeneathError) -> Self {
        Self::Open(error.into())
    }
}

/// Where the blocks of a volume lie in a file of it.
enum Placement {
    /// Each at its own offset.
    Raw,
    /// Data blocks one after the other, from this offset on.
    Packed(u64),
}

/// Data blocks that lie side by side both in the volume and in the file.
struct Unit {
    blocks: Range<u64>,
    at: u64,
}

/// Writes all of `content` as a disk of `size` bytes, not less than it has, into a new file. Blocks; the file is neither
/// durable nor published afterwards.
pub(crate) fn write_volume(
    content: &dyn VolumeBytes,
    size: u64,
    format: SourceFormat,
    draft: &DraftFile,
    watch: &Watch,
) -> Result<(), WriteVolumeError> {
    let tables = count_data(content)?;
    let data_blocks: u64 = tables.iter().map(|(_, count)| u64::from(*count)).sum();
    let (len, placement) = match format {
        SourceFormat::Raw => (size, Placement::Raw),
        SourceFormat::Qcow2 => {
            let layout = Qcow2Layout::new(size, tables)?;
            let len = layout.file_len();
            check_space(draft.file(), len)?;
            draft.file().set_len(len).map_err(WriteVolumeError::Write)?;
            write_tables(content, &layout, draft)?;
            (len, Placement::Packed(len - data_blocks * Qcow2Layout::CLUSTER_SIZE))
        }
    };
    check_space(draft.file(), data_blocks * BLOCK_SIZE)?;
    draft.file().set_len(len).map_err(WriteVolumeError::Write)?;
    let done = AtomicU64::new(0);
    work_off(units(content, placement)?, |unit| {
        if let Some(ending) = watch.ending() {
            return Err(ending.into());
        }
        let start = unit.blocks.start * BLOCK_SIZE;
        let end = (unit.blocks.end * BLOCK_SIZE).min(content.size());
        let mut bytes = vec![0; usize::try_from(end.saturating_sub(start)).unwrap_or(0)];
        content.read_at(start, &mut bytes)?;
        draft.file().write_all_at(&bytes, unit.at).map_err(WriteVolumeError::Write)?;
        let blocks = unit.blocks.end - unit.blocks.start;
        watch.advance_of(done.fetch_add(blocks, Ordering::Relaxed) + blocks, data_blocks);
        Ok(())
    })
}

/// Fails if a file of so many bytes does not fit beside what the file system holds.
pub(crate) fn check_space(file: &File, needed: u64) -> Result<(), WriteVolumeError> {
    let available = available_space(file).map_err(WriteVolumeError::Write)?;
    let needed = needed.saturating_add(RESERVE);
    if needed > available { Err(WriteVolumeError::NoSpace { needed, available }) } else { Ok(()) }
}

/// For each group of blocks that one L2 table maps, if it has any data, how many blocks have.
fn count_data(content: &dyn VolumeBytes) -> Result<Vec<(u64, u32)>, WriteVolumeError> {
    let mut tables: Vec<(u64, u32)> = Vec::new();
    for run in content.runs()? {
        for_each_table(&run?, |table, blocks| {
            let count = u32::try_from(blocks.end - blocks.start).unwrap_or(u32::MAX);
            match tables.last_mut() {
                Some((last, sum)) if *last == table => *sum += count,
                _ => tables.push((table, count)),
            }
        });
    }
    Ok(tables)
}

/// Calls `visit` with the data blocks of a run, table by table.
fn for_each_table(run: &BlockRun, mut visit: impl FnMut(u64, Range<u64>)) {
    let span = u64::from(ClusterBitmap::CLUSTERS);
    let mut at = run.blocks.start;
    while run.content == BlockContent::Data && at < run.blocks.end {
        let end = ((at / span + 1) * span).min(run.blocks.end);
        visit(at / span, at..end);
        at = end;
    }
}

/// Writes what comes before the data of a qcow2 file.
fn write_tables(content: &dyn VolumeBytes, layout: &Qcow2Layout, draft: &DraftFile) -> Result<(), WriteVolumeError> {
    let write = |bytes: &[u8], at| draft.file().write_all_at(bytes, at).map_err(WriteVolumeError::Write);
    let mut cluster = vec![0; usize::try_from(Qcow2Layout::CLUSTER_SIZE).unwrap_or(0)];
    let mut at = 0;
    while let Some(Region::Metadata { .. }) = layout.region_at(at) {
        layout.metadata_bytes(at, &mut cluster)?;
        // An L1 table of a large disk is mostly zeros: they stay holes.
        if cluster.iter().any(|byte| *byte != 0) {
            write(&cluster, at)?;
        }
        at += Qcow2Layout::CLUSTER_SIZE;
    }
    let mut finish = |table: u64, bitmap: &ClusterBitmap| -> Result<(), WriteVolumeError> {
        write(&layout.l2_bytes(table, bitmap)?, at)?;
        at += Qcow2Layout::CLUSTER_SIZE;
        Ok(())
    };
    let mut current: Option<(u64, ClusterBitmap)> = None;
    for run in content.runs()? {
        let mut parts = Vec::new();
        for_each_table(&run?, |table, blocks| parts.push((table, blocks)));
        for (table, blocks) in parts {
            if let Some((done, bitmap)) = current.take_if(|(open, _)| *open != table) {
                finish(done, &bitmap)?;
            }
            let (_, bitmap) = current.get_or_insert_with(|| (table, ClusterBitmap::new()));
            let first = table * u64::from(ClusterBitmap::CLUSTERS);
            blocks.filter_map(|block| u32::try_from(block - first).ok()).for_each(|cluster| bitmap.insert(cluster));
        }
    }
    current.map_or(Ok(()), |(table, bitmap)| finish(table, &bitmap))
}

/// Cuts the data of a volume into units, in its order.
fn units(
    content: &dyn VolumeBytes,
    placement: Placement,
) -> Result<impl Iterator<Item = Result<Unit, WriteVolumeError>> + Send + '_, WriteVolumeError> {
    let mut packed = 0;
    let placed = content.runs()?.filter_map(move |run| {
        let run = match run {
            Ok(run) if run.content == BlockContent::Zero => return None,
            Ok(run) => run,
            Err(error) => return Some(Err(error)),
        };
        let at = match placement {
            Placement::Raw => run.blocks.start * BLOCK_SIZE,
            Placement::Packed(start) => start + packed * BLOCK_SIZE,
        };
        packed += run.blocks.end - run.blocks.start;
        Some(Ok(Unit { blocks: run.blocks, at }))
    });
    Ok(placed.flat_map(|unit| {
        let (error, unit) = match unit {
            Ok(unit) => (None, unit),
            Err(error) => (Some(Err(error)), Unit { blocks: 0..0, at: 0 }),
        };
        let Unit { blocks, at } = unit;
        let end = blocks.end;
        let pieces = blocks.clone().step_by(usize::try_from(UNIT_BLOCKS).unwrap_or(1)).map(move |start| {
            let piece = start..(start + UNIT_BLOCKS).min(end);
            Ok(Unit { blocks: piece, at: at + (start - blocks.start) * BLOCK_SIZE })
        });
        error.into_iter().chain(pieces)
    }))
}
