//! Any state of a volume as a virtual raw or qcow2 file, readable at any byte range. Nothing is materialised, and the
//! bytes of one root in one format are always the same.

mod data_index;

use crate::blocking::cores;
use crate::map_root::MapRoot;
use crate::read::{BLOCK_LEN, ReadError, Reader, to_usize};
use bytes::Bytes;
use data_index::DataIndex;
use futures_util::stream::{self, Stream, StreamExt};
use imprint_disk_format::{ClusterBitmap, LayoutError, Qcow2Layout, Region};
use imprint_domain::{BLOCK_SIZE, BlockIndex, ImageFormat};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// Bytes decoded at a time for a stream.
const PIECE: u64 = 1 << 20;

/// A piece of zeros, shared by all streams.
static ZEROS: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![0; to_usize(PIECE)]));

/// A state of a volume as a file. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct ExportedImage {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    reader: Reader,
    root: MapRoot,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Raw,
    Qcow2 { layout: Qcow2Layout, index: DataIndex },
}

/// Why an exported file could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A part of the state cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The volume does not fit the format.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The range does not lie inside the file.
    #[error("the bytes {}..{} do not lie inside the file of {len} bytes", .range.start, .range.end)]
    OutOfRange {
        /// The range.
        range: Range<u64>,
        /// Length of the file.
        len: u64,
    },
}

impl ExportedImage {
    /// Version of the files' layouts: whoever remembers a checksum of an exported file remembers this with it. A CD image
    /// is laid out as a raw one.
    pub const LAYOUT_VERSION: u32 = Qcow2Layout::VERSION;

    /// The file that `root` makes in `format`. Blocks. For qcow2 it reads the leaves of the block map, because their
    /// counts decide where everything lies; it reads no data.
    pub fn open(reader: &Reader, root: &MapRoot, format: ImageFormat) -> Result<Self, ExportError> {
        let form = match format {
            ImageFormat::Raw | ImageFormat::Iso => {
                reader.cursor(root)?;
                Form::Raw
            }
            ImageFormat::Qcow2 => {
                let index = DataIndex::of(reader, root)?;
                Form::Qcow2 { layout: Qcow2Layout::new(root.size().bytes(), index.tables())?, index }
            }
        };
        Ok(Self { inner: Arc::new(Inner { reader: reader.clone(), root: *root, form }) })
    }

    /// Length of the file.
    #[expect(clippy::len_without_is_empty, reason = "a file's length; a qcow2 is never empty")]
    pub fn len(&self) -> u64 {
        self.inner.len()
    }

    /// The bytes of `range`. Blocks, and holds all of them in memory: for long ranges there is [`Self::stream`].
    pub fn read_range(&self, range: Range<u64>) -> Result<Bytes, ExportError> {
        self.check(&range)?;
        self.inner.read(range)
    }

    /// The bytes of `range` in order, pieces of at most 1 MiB, decoded on all cores a few pieces ahead of whoever takes
    /// them. Ends after the first error. Dropping it stops it.
    pub fn stream(
        &self,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, ExportError>> + Send + use<>, ExportError> {
        self.check(&range)?;
        let inner = Arc::clone(&self.inner);
        let pieces = Pieces { next: range.start, end: range.end };
        let decoded = stream::iter(pieces).map(move |piece| {
            let inner = Arc::clone(&inner);
            async move {
                let border = inner.reader.border().clone();
                let read = border.decode(move || inner.read(piece)).await;
                read.unwrap_or(Err(ExportError::Read(ReadError::Panicked)))
            }
        });
        let mut failed = false;
        Ok(decoded.buffered(cores() + 2).take_while(move |piece| {
            let go_on = !failed;
            failed |= piece.is_err();
            std::future::ready(go_on)
        }))
    }

    fn check(&self, range: &Range<u64>) -> Result<(), ExportError> {
        let len = self.len();
        if range.start <= range.end && range.end <= len {
            Ok(())
        } else {
            Err(ExportError::OutOfRange { range: range.clone(), len })
        }
    }
}

/// Cuts a range at multiples of a piece, so that blocks are not cut.
struct Pieces {
    next: u64,
    end: u64,
}

impl Iterator for Pieces {
    type Item = Range<u64>;

    fn next(&mut self) -> Option<Range<u64>> {
        let start = self.next;
        self.next = ((start / PIECE + 1) * PIECE).min(self.end);
        (start < self.end).then_some(start..self.next)
    }
}

impl Inner {
    fn len(&self) -> u64 {
        match &self.form {
            Form::Raw => self.root.size().bytes(),
            Form::Qcow2 { layout, .. } => layout.file_len(),
        }
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes, ExportError> {
        let len = to_usize(range.end - range.start);
        if matches!(self.form, Form::Raw) && !range.is_empty() && range.end - range.start <= PIECE {
            let run = self.reader.cursor(&self.root)?.run_at(range.start / BLOCK_SIZE)?;
            if run.stored.is_none() && range.end <= run.blocks.end.saturating_mul(BLOCK_SIZE) {
                return Ok(ZEROS.slice(..len));
            }
        }
        let mut bytes = vec![0; len];
        match &self.form {
            Form::Raw => self.reader.read_at(&self.root, range.start, &mut bytes)?,
            Form::Qcow2 { layout, index } => self.read_qcow2(layout, index, range.start, &mut bytes)?,
        }
        Ok(Bytes::from(bytes))
    }

    fn read_qcow2(
        &self,
        layout: &Qcow2Layout,
        index: &DataIndex,
        mut offset: u64,
        buf: &mut [u8],
    ) -> Result<(), ExportError> {
        let mut rest = buf;
        while !rest.is_empty() {
            let Some(region) = layout.region_at(offset) else { break };
            let (Region::Metadata { range } | Region::L2Table { range, .. } | Region::Data { range, .. }) = &region;
            let taken = to_usize(range.end - offset).min(rest.len());
            let (part, behind) = rest.split_at_mut(taken);
            match region {
                Region::Metadata { .. } => layout.metadata_bytes(offset, part)?,
                Region::L2Table { table, .. } => {
                    let bytes = layout.l2_bytes(table, &self.table_bitmap(table)?)?;
                    let from = to_usize(offset % Qcow2Layout::CLUSTER_SIZE);
                    let source = bytes.get(from..).unwrap_or_default();
                    part.iter_mut().zip(source).for_each(|(byte, value)| *byte = *value);
                }
                Region::Data { table, nth, .. } => {
                    let skip = to_usize(offset % Qcow2Layout::CLUSTER_SIZE);
                    self.read_data(index, index.first_of_table(table) + u64::from(nth), skip, part)?;
                }
            }
            offset += taken as u64;
            rest = behind;
        }
        Ok(())
    }

    /// Which clusters of an L2 table hold data.
    fn table_bitmap(&self, table: u64) -> Result<ClusterBitmap, ReadError> {
        let mut bitmap = ClusterBitmap::new();
        let first = table * u64::from(ClusterBitmap::CLUSTERS);
        let end = (first + u64::from(ClusterBitmap::CLUSTERS)).min(self.root.size().blocks());
        let mut cursor = self.reader.cursor(&self.root)?;
        let mut block = first;
        while block < end {
            let run = cursor.run_at(block)?;
            let run_end = run.blocks.end.min(end);
            if run.stored.is_some() {
                let clusters = (block - first)..(run_end - first);
                clusters.filter_map(|cluster| u32::try_from(cluster).ok()).for_each(|cluster| bitmap.insert(cluster));
            }
            block = run_end;
        }
        Ok(bitmap)
    }

    /// Fills `buf` with data blocks from number `ordinal` of the volume on, from byte `skip` of that one.
    fn read_data(&self, index: &DataIndex, ordinal: u64, skip: usize, buf: &mut [u8]) -> Result<(), ReadError> {
        let mut cursor = self.reader.cursor(&self.root)?;
        let mut scratch = Vec::new();
        let (mut ordinal, mut skip, mut rest) = (ordinal, skip, buf);
        while !rest.is_empty() {
            let Some((first_block, mut before)) = index.leaf_of(ordinal) else { break };
            let Some(leaf) = cursor.leaf_at(first_block)? else { break };
            let started_at = ordinal;
            for run in leaf.runs() {
                let Some(first) = run.target else { continue };
                let count = u64::from(run.children.end - run.children.start);
                let behind = ordinal.saturating_sub(before);
                before += count;
                if behind >= count {
                    continue;
                }
                let mut place = first.after(behind);
                let mut block = first_block + u64::from(run.children.start) + behind;
                let mut left = to_usize(count - behind);
                while left > 0 && !rest.is_empty() {
                    let whole = left.min(rest.len() / BLOCK_LEN);
                    let (taken, blocks) = if skip == 0 && whole > 0 {
                        let target = rest.get_mut(..whole * BLOCK_LEN).unwrap_or_default();
                        self.reader.read_run(&place, BlockIndex(block), target)?;
                        (target.len(), whole)
                    } else {
                        scratch.resize(BLOCK_LEN, 0);
                        self.reader.read_run(&place, BlockIndex(block), &mut scratch)?;
                        let source = scratch.get(skip..).unwrap_or_default();
                        rest.iter_mut().zip(source).for_each(|(byte, value)| *byte = *value);
                        skip = 0;
                        (source.len().min(rest.len()), 1)
                    };
                    rest = rest.split_at_mut(taken).1;
                    place = place.after(blocks as u64);
                    block += blocks as u64;
                    ordinal += blocks as u64;
                    left -= blocks;
                }
                if rest.is_empty() {
                    return Ok(());
                }
            }
            if ordinal == started_at {
                break;
            }
        }
        Ok(())
    }
}
