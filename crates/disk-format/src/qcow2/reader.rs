//! Reading the disk of an image.

use super::decompress::ClusterDecompressor;
use super::header::HEADER_PREFIX;
use super::header::Header;
use super::l2_entry::Unit;
use super::l2_entry::decode_l2_entry;
use super::metadata_defect::MetadataDefect;
use super::metadata_map::MetadataMap;
use super::tables::decode_words;
use super::tables::read_tables;
use super::tables::refuse_backing_file;
use crate::Disk;
use crate::Extent;
use crate::ExtentKind;
use crate::ImageBytes;
use crate::Limits;
use crate::OpenDiskError;
use crate::ReadDiskError;
use crate::bounded_cache::BoundedCache;
use crate::disk::end_inside;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// The active state of a qcow2 image.
pub(crate) struct Qcow2Disk<B> {
    pub(super) bytes: B,
    pub(super) file_len: u64,
    prefix: Vec<u8>,
    pub(super) header: Header,
    l1: Vec<u64>,
    map: MetadataMap,
    /// Slices of L2 tables, by their offset in the file.
    slices: BoundedCache<u64>,
    /// Decompressed clusters that were only read in part, by their offset on the disk.
    clusters: BoundedCache<u8>,
    decompressor: ClusterDecompressor,
}

/// A run of the disk whose bytes are found in one way.
pub(super) struct Mapping {
    pub(super) end: u64,
    pub(super) place: Place,
}

/// Where the bytes of a mapping are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Hole,
    Zero,
    /// In the file, one after the other from `host` on.
    Data {
        host: u64,
        /// Whether the image says that nothing else uses those clusters.
        owned: bool,
    },
    /// In a compressed cluster of at most this many bytes at this offset.
    Compressed {
        host: u64,
        len: u64,
    },
}

/// A long extent is cut off after so many mappings, so that asking for one never takes long.
const MAX_MAPPINGS_OF_EXTENT: usize = 2048;

impl<B: ImageBytes> Qcow2Disk<B> {
    /// Opens an image of `file_len` bytes whose magic has been checked.
    pub(crate) fn open(bytes: B, file_len: u64, limits: &Limits) -> Result<Self, OpenDiskError> {
        Self::open_larger(bytes, file_len, limits, 0)
    }

    /// Opens an image as if its disk had at least `size` bytes, and its L1 table the entries for them, as far as they fit
    /// into the clusters that it has.
    pub(super) fn open_larger(bytes: B, file_len: u64, limits: &Limits, size: u64) -> Result<Self, OpenDiskError> {
        let prefix = read_prefix(&bytes, file_len).map_err(OpenDiskError::Read)?;
        let mut header = Header::decode(&prefix)?;
        if size > header.size {
            header.size = size;
            let room = (header.l1_entries * 8).next_multiple_of(header.geometry.cluster_size()) / 8;
            header.l1_entries = header.l1_entries.max(header.geometry.l1_entries(size).min(room));
        }
        refuse_backing_file(&bytes, &prefix)?;
        let tables = read_tables(&bytes, file_len, &header, limits)?;
        Ok(Self {
            bytes,
            file_len,
            prefix,
            header,
            l1: tables.l1,
            map: tables.map,
            slices: BoundedCache::new(limits.cache_bytes),
            clusters: BoundedCache::new(limits.cache_bytes),
            decompressor: ClusterDecompressor::new(header.compression),
        })
    }

    /// How the bytes from `offset` on are found; looks no further than `until`, though the answer may reach further.
    pub(super) fn mapping_at(&self, offset: u64, until: u64) -> Result<Mapping, ReadDiskError> {
        let geometry = self.header.geometry;
        let index = |at: u64| usize::try_from(at >> geometry.table_span_bits()).unwrap_or(usize::MAX);
        let first = index(offset);
        let table = self.l1.get(first).copied().unwrap_or(0);
        if table == 0 {
            let last = index(until.saturating_sub(1)).max(first);
            let empty = self.l1.iter().take(last.saturating_add(1)).skip(first).take_while(|table| **table == 0);
            let behind = u64::try_from(first.saturating_add(empty.count())).unwrap_or(u64::MAX);
            let end = behind.saturating_mul(1 << geometry.table_span_bits());
            return Ok(Mapping { end: end.min(self.header.size), place: Place::Hole });
        }
        let slice = self.slice(table.saturating_add(geometry.slice_offset(offset)))?;
        let until = until.min(geometry.slice_end(offset)).min(self.header.size);
        let mut mapping = self.unit_at(&slice, offset)?;
        while mapping.end < until {
            // A damaged entry is reported to whoever wants its own bytes.
            let Ok(next) = self.unit_at(&slice, mapping.end) else { break };
            let continues = match (mapping.place, next.place) {
                (Place::Hole, Place::Hole) | (Place::Zero, Place::Zero) => true,
                (Place::Data { host, owned }, Place::Data { host: next, owned: too }) => {
                    next.checked_sub(host) == Some(mapping.end - offset) && owned == too
                }
                _ => false,
            };
            if !continues {
                break;
            }
            mapping.end = next.end;
        }
        Ok(mapping)
    }

    /// How the bytes from `offset` to the end of their cluster or subcluster are found.
    fn unit_at(&self, slice: &[u64], offset: u64) -> Result<Mapping, ReadDiskError> {
        let geometry = self.header.geometry;
        let word = usize::try_from(geometry.word_in_slice(offset)).unwrap_or(usize::MAX);
        let entry = slice.get(word).copied().unwrap_or(0);
        let extended = geometry.entry_words() == 2;
        let bitmap = if extended { slice.get(word.saturating_add(1)).copied().unwrap_or(0) } else { 0 };
        let in_cluster = geometry.in_cluster(offset);
        let mut end = geometry.unit_end(offset).min(self.header.size);
        let damaged = |defect| ReadDiskError::Metadata { offset: offset - in_cluster, defect };
        let unit = decode_l2_entry(geometry, entry, bitmap, geometry.subcluster(offset)).map_err(damaged)?;
        let place = match unit {
            Unit::Hole => Place::Hole,
            Unit::Zero => Place::Zero,
            Unit::Data { cluster, owned } => {
                let host = cluster.saturating_add(in_cluster);
                // The last cluster's bytes beyond the disk's end may be missing in the file.
                self.check_data(host, end - offset, end - offset).map_err(damaged)?;
                Place::Data { host, owned }
            }
            Unit::Compressed { host, len } => {
                // The last sector may reach beyond the end of the file; the stream in it must not.
                self.check_data(host, len, 1).map_err(damaged)?;
                end = (offset - in_cluster).saturating_add(geometry.cluster_size()).min(self.header.size);
                Place::Compressed { host, len: len.min(self.file_len.saturating_sub(host)) }
            }
        };
        Ok(Mapping { end, place })
    }

    /// Fails unless the first `needed` of `len` bytes at `host` lie inside the file and none of them on top of a table.
    fn check_data(&self, host: u64, len: u64, needed: u64) -> Result<(), MetadataDefect> {
        if host.checked_add(needed).is_none_or(|end| end > self.file_len) {
            return Err(MetadataDefect::DataOutsideFile { offset: host, len, file_len: self.file_len });
        }
        match self.map.table_in(host, len) {
            Some(table) => Err(MetadataDefect::DataOverTable { offset: host, table }),
            None => Ok(()),
        }
    }

    /// The slice of an L2 table at offset `at` of the file; the table was checked to lie inside it.
    fn slice(&self, at: u64) -> Result<Arc<[u64]>, ReadDiskError> {
        self.slices.get_or_make(at, || {
            let mut raw = vec![0; usize::try_from(self.header.geometry.slice_size()).unwrap_or(0)];
            self.read_file(at, &mut raw)?;
            Ok(decode_words(&raw).collect())
        })
    }

    /// Fills `buf` with the bytes from `offset` on of the compressed cluster that `offset` lies in.
    fn read_compressed(&self, host: u64, len: u64, offset: u64, buf: &mut [u8]) -> Result<(), ReadDiskError> {
        let geometry = self.header.geometry;
        let in_cluster = geometry.in_cluster(offset);
        let start = offset - in_cluster;
        if u64::try_from(buf.len()) == Ok(geometry.cluster_size()) {
            return self.decompress(host, len, start, buf);
        }
        let cluster = self.clusters.get_or_make(start, || {
            let mut cluster = vec![0; usize::try_from(geometry.cluster_size()).unwrap_or(0)];
            self.decompress(host, len, start, &mut cluster)?;
            Ok(cluster.into())
        })?;
        let from = usize::try_from(in_cluster).unwrap_or(usize::MAX);
        let wanted = cluster.get(from..).and_then(|rest| rest.get(..buf.len()));
        buf.copy_from_slice(wanted.ok_or(ReadDiskError::Decompress { offset: start })?);
        Ok(())
    }

    fn decompress(&self, host: u64, len: u64, start: u64, cluster: &mut [u8]) -> Result<(), ReadDiskError> {
        // At most 4 MiB: the entry's field for the length ends there.
        let mut compressed = vec![0; usize::try_from(len).unwrap_or(0)];
        self.read_file(host, &mut compressed)?;
        self.decompressor.decompress(&compressed, cluster).ok_or(ReadDiskError::Decompress { offset: start })
    }

    fn read_file(&self, at: u64, buf: &mut [u8]) -> Result<(), ReadDiskError> {
        self.bytes.read_bytes_at(at, buf).map_err(|source| {
            if source.kind() == io::ErrorKind::UnexpectedEof
                && let Err(changed) = self.check_unchanged()
            {
                return changed;
            }
            ReadDiskError::Read { offset: at, source }
        })
    }

    /// The kind of a mapping that starts at `offset`, and where that kind ends. Data clusters that were allocated and
    /// never written are holes of the file, and as such zeros; this matters for preallocated images. Only whole clusters
    /// count, or else each hole of 4 KiB would split an extent. `stored` is a run of the file known to be stored.
    fn kind_of(
        &self,
        mapping: &Mapping,
        offset: u64,
        stored: &mut Range<u64>,
    ) -> Result<(u64, ExtentKind), ReadDiskError> {
        let host = match mapping.place {
            Place::Hole => return Ok((mapping.end, ExtentKind::Hole)),
            Place::Zero => return Ok((mapping.end, ExtentKind::Zero)),
            Place::Compressed { .. } => return Ok((mapping.end, ExtentKind::Data)),
            Place::Data { host, .. } => host,
        };
        if !stored.contains(&host) {
            let run = self.bytes.stored_run(host).map_err(|source| ReadDiskError::Read { offset: host, source })?;
            if run.is_none() {
                // A file that was cut off answers alike: nothing more is stored.
                self.check_unchanged()?;
            }
            *stored = run.unwrap_or(u64::MAX..u64::MAX);
        }
        let disk_offset = |host_offset: u64| offset.saturating_add(host_offset.saturating_sub(host));
        let geometry = self.header.geometry;
        let hole_end = disk_offset(stored.start).min(mapping.end);
        let zeros_end = if hole_end == mapping.end { hole_end } else { hole_end - geometry.in_cluster(hole_end) };
        if zeros_end > offset {
            return Ok((zeros_end, ExtentKind::Zero));
        }
        let stored_end = disk_offset(stored.end);
        let data_end = stored_end.checked_next_multiple_of(geometry.cluster_size()).unwrap_or(u64::MAX);
        Ok((data_end.min(mapping.end), ExtentKind::Data))
    }
}

impl<B: ImageBytes> Disk for Qcow2Disk<B> {
    fn size(&self) -> u64 {
        self.header.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), ReadDiskError> {
        let end = end_inside(offset, buf.len(), self.header.size)?;
        let mut rest = buf;
        let mut at = offset;
        while !rest.is_empty() {
            let mapping = self.mapping_at(at, end)?;
            let len = usize::try_from(mapping.end.min(end) - at).unwrap_or(usize::MAX);
            let (piece, behind) = rest.split_at_mut(len);
            match mapping.place {
                Place::Hole | Place::Zero => piece.fill(0),
                Place::Data { host, .. } => self.read_file(host, piece)?,
                Place::Compressed { host, len } => self.read_compressed(host, len, at, piece)?,
            }
            at = mapping.end;
            rest = behind;
        }
        Ok(())
    }

    fn extent_at(&self, offset: u64) -> Result<Extent, ReadDiskError> {
        end_inside(offset, 1, self.header.size)?;
        let mut stored = 0..0;
        let first = self.mapping_at(offset, self.header.size)?;
        let (mut end, kind) = self.kind_of(&first, offset, &mut stored)?;
        for _ in 1..MAX_MAPPINGS_OF_EXTENT {
            if end >= self.header.size {
                break;
            }
            // A damaged entry is reported to whoever wants its own bytes.
            let Ok(next) = self.mapping_at(end, self.header.size) else { break };
            match self.kind_of(&next, end, &mut stored)? {
                (next_end, next_kind) if next_kind == kind => end = next_end,
                _ => break,
            }
        }
        Ok(Extent { range: offset..end, kind })
    }

    fn check_unchanged(&self) -> Result<(), ReadDiskError> {
        let failed = |source| ReadDiskError::Read { offset: 0, source };
        let found = self.bytes.byte_len().map_err(failed)?;
        if found != self.file_len {
            return Err(ReadDiskError::SizeChanged { expected: self.file_len, found });
        }
        let prefix = read_prefix(&self.bytes, found).map_err(failed)?;
        if prefix == self.prefix { Ok(()) } else { Err(ReadDiskError::HeaderChanged) }
    }
}

/// The first bytes of the file, as many of them as a header may have.
fn read_prefix(bytes: &impl ImageBytes, file_len: u64) -> io::Result<Vec<u8>> {
    let mut prefix = vec![0; usize::try_from(file_len).unwrap_or(usize::MAX).min(HEADER_PREFIX)];
    bytes.read_bytes_at(0, &mut prefix)?;
    Ok(prefix)
}
