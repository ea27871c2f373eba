//! What a disk's allocation says of its blocks: which are zero without being read.

use imprint_disk_format::{Disk, ExtentKind, ReadDiskError};
use imprint_domain::BLOCK_SIZE;
use imprint_image_store::{Change, ChangeRun};

/// Data runs are handed on at this length, so that reading starts before a fragmented map was read to its end.
const LONGEST_DATA_RUN: u64 = 1024;

/// The runs of a disk, ascending and gap-free: `Zero` where the allocation map says so for whole blocks, else `Data`.
pub(crate) struct AllocationRuns<'a> {
    disk: &'a dyn Disk,
    blocks: u64,
    next: u64,
    /// A run found while the one before it was still growing.
    ahead: Option<ChangeRun>,
}

impl<'a> AllocationRuns<'a> {
    pub(crate) fn new(disk: &'a dyn Disk) -> Self {
        Self { disk, blocks: disk.size().div_ceil(BLOCK_SIZE), next: 0, ahead: None }
    }

    /// The run that starts at block `from`, not yet merged with what follows.
    fn run_at(&self, from: u64) -> Result<ChangeRun, ReadDiskError> {
        let size = self.disk.size();
        let mut offset = from * BLOCK_SIZE;
        loop {
            let extent = self.disk.extent_at(offset)?;
            if extent.kind == ExtentKind::Data {
                // A block is data as soon as one byte of it may be.
                let end = extent.range.end.div_ceil(BLOCK_SIZE).clamp(from + 1, self.blocks);
                return Ok(ChangeRun { blocks: from..end, change: Change::Data });
            }
            let end = if extent.range.end >= size { self.blocks } else { extent.range.end / BLOCK_SIZE };
            if end > from {
                return Ok(ChangeRun { blocks: from..end, change: Change::Zero });
            }
            offset = extent.range.end;
        }
    }
}

impl Iterator for AllocationRuns<'_> {
    type Item = Result<ChangeRun, ReadDiskError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut run = match self.ahead.take() {
            Some(run) => run,
            None if self.next >= self.blocks => return None,
            None => match self.run_at(self.next) {
                Ok(run) => run,
                Err(error) => {
                    self.next = self.blocks;
                    return Some(Err(error));
                }
            },
        };
        self.next = run.blocks.end;
        while self.next < self.blocks {
            let full = run.change == Change::Data && run.blocks.end - run.blocks.start >= LONGEST_DATA_RUN;
            match self.run_at(self.next) {
                Ok(more) if more.change == run.change && !full => {
                    run.blocks.end = more.blocks.end;
                    self.next = more.blocks.end;
                }
                Ok(more) => {
                    self.ahead = Some(more);
                    break;
                }
                // Reported when its turn comes, after what is known to be good.
                Err(_) => break,
            }
        }
        Some(Ok(run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imprint_disk_format::Extent;
    use proptest::prelude::*;

    /// A disk of which only the map is looked at.
    struct Mapped(Vec<Extent>);

    impl Disk for Mapped {
        fn size(&self) -> u64 {
            self.0.last().map_or(0, |extent| extent.range.end)
        }

        fn read_at(&self, _: u64, buf: &mut [u8]) -> Result<(), ReadDiskError> {
            buf.fill(0);
            Ok(())
        }

        fn check_unchanged(&self) -> Result<(), ReadDiskError> {
            Ok(())
        }

        fn extent_at(&self, offset: u64) -> Result<Extent, ReadDiskError> {
            let extent = self.0.iter().find(|extent| extent.range.contains(&offset)).unwrap();
            Ok(Extent { range: offset..extent.range.end, kind: extent.kind })
        }
    }

    proptest! {
        #[test]
        fn a_block_is_zero_exactly_when_all_of_it_is_mapped_so(
            pieces in proptest::collection::vec((1u64..5 * BLOCK_SIZE, 0u8..3), 1..30)
        ) {
            let mut at = 0;
            let extents: Vec<Extent> = pieces.iter().map(|(len, kind)| {
                let range = at..at + len;
                at += len;
                let kind = match kind { 0 => ExtentKind::Data, 1 => ExtentKind::Zero, _ => ExtentKind::Hole };
                Extent { range, kind }
            }).collect();
            let disk = Mapped(extents);
            let mut next = 0;
            for run in AllocationRuns::new(&disk) {
                let run = run.unwrap();
                prop_assert_eq!(run.blocks.start, next);
                next = run.blocks.end;
                for block in run.blocks {
                    let bytes = block * BLOCK_SIZE..(block * BLOCK_SIZE + BLOCK_SIZE).min(disk.size());
                    let data = disk.0.iter().any(|extent| {
                        extent.kind == ExtentKind::Data
                            && extent.range.start < bytes.end && bytes.start < extent.range.end
                    });
                    prop_assert_eq!(run.change == Change::Data, data);
                }
            }
            prop_assert_eq!(next, disk.size().div_ceil(BLOCK_SIZE));
        }
    }
}
