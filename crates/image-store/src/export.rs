//! Any state of a volume as a virtual raw or qcow2 file, readable at any byte range. Nothing is materialised, and the
//! bytes of one root in one format are always the same.

mod data_index;

use crate::map_root::MapRoot;
use crate::node::Pointer;
use crate::read::{BLOCK_LEN, MapCursor, ReadError, Reader, to_usize};
use bytes::{Bytes, BytesMut};
use data_index::DataIndex;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use imprint_disk_format::{ClusterBitmap, LayoutError, Qcow2Layout, Region};
use imprint_domain::{BLOCK_SIZE, BlockIndex, ImageFormat};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// Stored bytes decoded at a time for a stream.
const PIECE: u64 = 1 << 20;

/// Bytes of a piece with the zeros in it, which cost no memory.
const LONGEST_PIECE: u64 = 64 << 20;

/// Pieces planned at a time.
const PLANNED: usize = 8;

/// A piece of zeros, shared by all streams.
static ZEROS: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![0; to_usize(PIECE)]));

/// A thread that decodes has panicked.
const PANICKED: ExportError = ExportError::Read(ReadError::Panicked);

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
        let len = to_usize(range.end - range.start);
        let mut parts = self.inner.parts(range)?;
        if parts.len() == 1 {
            return Ok(parts.swap_remove(0));
        }
        let mut bytes = BytesMut::with_capacity(len);
        for part in &parts {
            bytes.extend_from_slice(part);
        }
        Ok(bytes.freeze())
    }

    /// The bytes of `range` in order, decoded on all cores a few pieces ahead of whoever takes them. A piece holds at most
    /// 1 MiB of stored bytes, however many zeros lie between them: looking ahead finds work for all cores in a sparse
    /// volume too. Ends after the first error. Dropping it stops it.
    pub fn stream(
        &self,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, ExportError>> + Send + use<>, ExportError> {
        self.check(&range)?;
        let inner = Arc::clone(&self.inner);
        let decoded = Inner::pieces(Arc::clone(&inner), range).map(move |piece| {
            let inner = Arc::clone(&inner);
            async move {
                let piece = piece?;
                let border = inner.reader.border().clone();
                border.decode(move || inner.parts(piece)).await.unwrap_or(Err(PANICKED))
            }
        });
        let lookahead = self.inner.reader.border().look_ahead();
        let mut failed = false;
        let pieces = decoded.buffered(lookahead.pieces()).take_while(move |piece| {
            let _held = &lookahead;
            let go_on = !failed;
            failed |= piece.is_err();
            std::future::ready(go_on)
        });
        Ok(pieces.flat_map(|piece| {
            let parts = piece.map_or_else(|error| vec![Err(error)], |parts| parts.into_iter().map(Ok).collect());
            stream::iter(parts)
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

impl Inner {
    fn len(&self) -> u64 {
        match &self.form {
            Form::Raw => self.root.size().bytes(),
            Form::Qcow2 { layout, .. } => layout.file_len(),
        }
    }

    /// Cuts a range into pieces.
    fn pieces(inner: Arc<Self>, range: Range<u64>) -> impl Stream<Item = Result<Range<u64>, ExportError>> {
        let end = range.end;
        let batches = stream::try_unfold(range.start, move |start| {
            let inner = Arc::clone(&inner);
            async move {
                if start == end {
                    return Ok::<_, ExportError>(None);
                }
                let border = inner.reader.border().clone();
                let planned = border.decode(move || inner.plan(start..end)).await.unwrap_or(Err(PANICKED))?;
                let next = planned.last().map_or(end, |last| last.end);
                Ok(Some((stream::iter(planned).map(Ok), next)))
            }
        });
        batches.try_flatten()
    }

    /// The first pieces of `range`, at least one. No stored block is cut, so that none is decoded twice.
    fn plan(&self, range: Range<u64>) -> Result<Vec<Range<u64>>, ExportError> {
        let mut pieces = Vec::new();
        let mut cursor = match self.form {
            Form::Raw => Some(self.reader.cursor(&self.root)?),
            // All of it but a few tables is stored.
            Form::Qcow2 { .. } => None,
        };
        let mut at = range.start;
        while at < range.end && pieces.len() < PLANNED {
            let end = match cursor.as_mut().map(|cursor| piece_end(cursor, at, range.end)) {
                Some(Ok(end)) => end,
                // What lies before can be read: it is reported when its turn comes.
                Some(Err(_)) if !pieces.is_empty() => break,
                Some(Err(error)) => return Err(error.into()),
                None => ((at / PIECE + 1) * PIECE).min(range.end),
            };
            pieces.push(at..end);
            at = end;
        }
        Ok(pieces)
    }

    /// The bytes of `range` as the parts that they come in: stored blocks as they were read, and shared zeros.
    fn parts(&self, range: Range<u64>) -> Result<Vec<Bytes>, ExportError> {
        let mut parts = Vec::new();
        match &self.form {
            Form::Raw => self.raw_parts(range, &mut parts)?,
            Form::Qcow2 { layout, index } => self.qcow2_parts(layout, index, range, &mut parts)?,
        }
        Ok(parts)
    }

    fn raw_parts(&self, range: Range<u64>, parts: &mut Vec<Bytes>) -> Result<(), ReadError> {
        let mut cursor = self.reader.cursor(&self.root)?;
        let mut at = range.start;
        while at < range.end {
            let block = at / BLOCK_SIZE;
            let run = cursor.run_at(block)?;
            let end = run.blocks.end.saturating_mul(BLOCK_SIZE).min(range.end);
            let len = to_usize(end - at);
            match run.stored {
                None => push_zeros(len, parts),
                Some(place) => self.push_blocks(&place, BlockIndex(block), to_usize(at % BLOCK_SIZE), len, parts)?,
            }
            at = end;
        }
        Ok(())
    }

    /// Pushes `len` bytes of blocks in consecutive slots from `place` on, from byte `skip` of the first.
    fn push_blocks(
        &self,
        place: &Pointer,
        block: BlockIndex,
        skip: usize,
        len: usize,
        parts: &mut Vec<Bytes>,
    ) -> Result<(), ReadError> {
        let (mut skip, mut left) = (skip, len);
        self.reader.read_blocks(place, block, (skip + len).div_ceil(BLOCK_LEN), |bytes| {
            let end = bytes.len().min(skip + left);
            left -= end - skip;
            parts.push(bytes.slice(skip..end));
            skip = 0;
        })
    }

    fn qcow2_parts(
        &self,
        layout: &Qcow2Layout,
        index: &DataIndex,
        range: Range<u64>,
        parts: &mut Vec<Bytes>,
    ) -> Result<(), ExportError> {
        let mut offset = range.start;
        while offset < range.end {
            let Some(region) = layout.region_at(offset) else { break };
            let (Region::Metadata { range: r } | Region::L2Table { range: r, .. } | Region::Data { range: r, .. }) =
                &region;
            let end = r.end.min(range.end);
            let len = to_usize(end - offset);
            let skip = to_usize(offset % Qcow2Layout::CLUSTER_SIZE);
            match region {
                Region::Metadata { .. } => {
                    let mut bytes = vec![0; len];
                    layout.metadata_bytes(offset, &mut bytes)?;
                    parts.push(Bytes::from(bytes));
                }
                Region::L2Table { table, .. } => {
                    let table = Bytes::from(layout.l2_bytes(table, &self.table_bitmap(table)?)?);
                    parts.push(table.slice(skip..skip + len));
                }
                Region::Data { table, nth, .. } => {
                    self.data_parts(index, index.first_of_table(table) + u64::from(nth), skip, len, parts)?;
                }
            }
            offset = end;
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

    /// Pushes `len` bytes of the volume's data blocks from number `ordinal` on, from byte `skip` of that one.
    fn data_parts(
        &self,
        index: &DataIndex,
        ordinal: u64,
        skip: usize,
        len: usize,
        parts: &mut Vec<Bytes>,
    ) -> Result<(), ReadError> {
        let mut cursor = self.reader.cursor(&self.root)?;
        let (mut ordinal, mut skip, mut left) = (ordinal, skip, len);
        while left > 0 {
            let Some((first_block, mut before)) = index.leaf_of(ordinal) else { break };
            let Some(leaf) = cursor.leaf_at(first_block)? else { break };
            let started_at = ordinal;
            for run in leaf.runs() {
                let Some(first) = run.target else { continue };
                let count = u64::from(run.children.end - run.children.start);
                let behind = ordinal.saturating_sub(before);
                before += count;
                if behind >= count || left == 0 {
                    continue;
                }
                let block = BlockIndex(first_block + u64::from(run.children.start) + behind);
                let taken = left.min(to_usize((count - behind) * BLOCK_SIZE) - skip);
                self.push_blocks(&first.after(behind), block, skip, taken, parts)?;
                ordinal += (skip + taken).div_ceil(BLOCK_LEN) as u64;
                left -= taken;
                skip = 0;
            }
            if ordinal == started_at {
                break;
            }
        }
        Ok(())
    }
}

/// Where a piece of the raw file ends that begins at `start`.
fn piece_end(cursor: &mut MapCursor, start: u64, end: u64) -> Result<u64, ReadError> {
    let (mut at, mut stored) = (start, 0);
    while at < end && at - start < LONGEST_PIECE && stored < PIECE {
        let run = cursor.run_at(at / BLOCK_SIZE)?;
        let run_end = run.blocks.end.saturating_mul(BLOCK_SIZE);
        if run.stored.is_some() {
            let block_start = at / BLOCK_SIZE * BLOCK_SIZE;
            at = run_end.min(block_start + (PIECE - stored));
            stored += at - block_start;
        } else {
            at = run_end.min(start + LONGEST_PIECE);
        }
    }
    Ok(at.min(end))
}

/// Pushes `len` zeros that cost no memory.
fn push_zeros(mut len: usize, parts: &mut Vec<Bytes>) {
    while len > 0 {
        let part = len.min(ZEROS.len());
        parts.push(ZEROS.slice(..part));
        len -= part;
    }
}
