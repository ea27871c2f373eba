//! Changing the disk of an image where its clusters lie.
//!
//! No table is touched: a cluster is written only where the image says that nothing else uses it, so that a crash leaves
//! an image that is whole, with old bytes at some places and new ones at others. Whoever needs a cluster that is not there,
//! or is shared or compressed, writes a new file instead.

use super::reader::Place;
use super::reader::Qcow2Disk;
use crate::Disk;
use crate::ImageBytes;
use crate::ReadDiskError;
use crate::WritableDisk;
use crate::WriteDiskError;
use crate::disk::end_inside;
use crate::writable_disk::zero_range;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Offset of the autoclear features in the header of version 3.
const AUTOCLEAR: u64 = 88;

/// Clusters that are looked at, a bit each: 32 MiB for 16 TiB of the usual 64 KiB clusters.
const MOST_CLUSTERS: u64 = 1 << 28;

/// A bit for each cluster of a file.
struct Clusters(Vec<u64>);

impl Clusters {
    fn new(clusters: u64) -> Self {
        Self(vec![0; usize::try_from(clusters.div_ceil(64)).unwrap_or(0)])
    }

    /// Notes a cluster; answers whether it was noted before. One that lies outside was.
    fn insert(&mut self, cluster: u64) -> bool {
        let word = usize::try_from(cluster / 64).ok().and_then(|index| self.0.get_mut(index));
        let Some(word) = word else { return true };
        let before = *word;
        *word |= 1 << (cluster % 64);
        before == *word
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| one & other != 0)
    }
}

impl<B: ImageBytes> Qcow2Disk<B> {
    /// Calls `visit` with each plain piece of the range, in order: its bytes of the disk and its place in the file. Fails
    /// at the first piece that is not plain.
    fn visit_plain(
        &self,
        range: Range<u64>,
        mut visit: impl FnMut(Range<u64>, u64) -> Result<(), WriteDiskError>,
    ) -> Result<(), WriteDiskError> {
        let mut at = range.start;
        while at < range.end {
            let mapping = self.mapping_at(at, range.end)?;
            let end = mapping.end.min(range.end);
            let Place::Data { host, owned: true } = mapping.place else {
                return Err(WriteDiskError::NotPlain { offset: at });
            };
            visit(at..end, host)?;
            at = end;
        }
        Ok(())
    }

    fn count_uses(&self) -> Result<bool, ReadDiskError> {
        let geometry = self.header.geometry;
        let bits = geometry.cluster_bits();
        let clusters = (self.file_len >> bits).saturating_add(1);
        if clusters > MOST_CLUSTERS {
            return Ok(false);
        }
        let (mut data, mut compressed) = (Clusters::new(clusters), Clusters::new(clusters));
        let mut at = 0;
        // Subclusters of one cluster are mapped one by one.
        let mut last = None;
        while at < self.size() {
            let mapping = self.mapping_at(at, self.size())?;
            match mapping.place {
                Place::Hole | Place::Zero => {}
                Place::Compressed { host, len } => {
                    let end = host.saturating_add(len.saturating_sub(1)) >> bits;
                    (host >> bits..=end).for_each(|cluster| {
                        compressed.insert(cluster);
                    });
                }
                Place::Data { host, .. } => {
                    let first = at >> bits;
                    let behind = mapping.end.saturating_sub(1) >> bits;
                    let host = host.saturating_sub(geometry.in_cluster(at)) >> bits;
                    for (guest, host) in (first..=behind).zip(host..) {
                        if last != Some(guest) && data.insert(host) {
                            return Ok(false);
                        }
                        last = Some(guest);
                    }
                }
            }
            at = mapping.end;
        }
        Ok(!data.meets(&compressed))
    }
}

impl WritableDisk for Qcow2Disk<File> {
    fn is_plain(&self, range: Range<u64>) -> Result<bool, WriteDiskError> {
        match self.visit_plain(range, |_, _| Ok(())) {
            Err(WriteDiskError::NotPlain { .. }) => Ok(false),
            visited => visited.map(|()| true),
        }
    }

    fn is_sound(&self) -> Result<bool, ReadDiskError> {
        self.count_uses()
    }

    fn has_snapshots(&self) -> bool {
        self.header.snapshots > 0
    }

    /// Whoever writes without knowing what those features are about has to clear their bits: QEMU's persistent dirty
    /// bitmaps would otherwise miss what is written here.
    fn begin_writes(&self) -> Result<(), WriteDiskError> {
        if !self.header.has_autoclear {
            return Ok(());
        }
        let cleared = self.bytes.write_all_at(&[0; 8], AUTOCLEAR).and_then(|()| self.bytes.sync_all());
        cleared.map_err(WriteDiskError::Write)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), WriteDiskError> {
        let end = end_inside(offset, bytes.len(), self.size())?;
        let mut rest = bytes;
        self.visit_plain(offset..end, |range, host| {
            let len = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            let (piece, behind) = rest.split_at(len.min(rest.len()));
            rest = behind;
            self.bytes.write_all_at(piece, host).map_err(WriteDiskError::Write)
        })
    }

    fn write_zeros_at(&self, range: Range<u64>) -> Result<(), WriteDiskError> {
        self.visit_plain(range, |range, host| {
            let end = host.saturating_add(range.end - range.start);
            zero_range(&self.bytes, &(host..end)).map_err(WriteDiskError::Write)
        })
    }

    fn sync(&self) -> Result<(), WriteDiskError> {
        self.bytes.sync_all().map_err(WriteDiskError::Write)
    }
}
