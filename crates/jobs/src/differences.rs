//! Where two contents of a volume may differ.

use crate::volume_bytes::{Runs, VolumeBytes};
use crate::volume_file::{UNIT_BLOCKS, WriteVolumeError};
use imprint_domain::BLOCK_SIZE;
use imprint_image_store::{BlockContent, BlockRun};
use std::ops::Range;

/// Blocks of which at least one side may hold anything but zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) blocks: Range<u64>,
}

impl Unit {
    /// Its blocks as bytes of a disk of `size` bytes.
    pub(crate) fn pieces(&self, size: u64) -> impl Iterator<Item = Range<u64>> + use<> {
        self.blocks.clone().map(move |block| block * BLOCK_SIZE..((block + 1) * BLOCK_SIZE).min(size))
    }
}

/// The units of two contents, in order, as far as the new one reaches. What is zero on both sides is left out.
pub(crate) struct Differences<'a> {
    old: Side<'a>,
    new: Side<'a>,
    at: u64,
    end: u64,
}

/// One content, and the run of it that the current block lies in.
struct Side<'a> {
    runs: Runs<'a>,
    run: Option<BlockRun>,
}

impl Side<'_> {
    /// The run that `block` lies in; `None` behind the content's end.
    fn run_at(&mut self, block: u64) -> Result<Option<&BlockRun>, WriteVolumeError> {
        while self.run.as_ref().is_none_or(|run| run.blocks.end <= block) {
            self.run = self.runs.next().transpose()?;
            if self.run.is_none() {
                return Ok(None);
            }
        }
        Ok(self.run.as_ref())
    }
}

impl<'a> Differences<'a> {
    pub(crate) fn new(old: &'a dyn VolumeBytes, new: &'a dyn VolumeBytes) -> Result<Self, WriteVolumeError> {
        let end = new.size().div_ceil(BLOCK_SIZE);
        Ok(Self { old: Side { runs: old.runs()?, run: None }, new: Side { runs: new.runs()?, run: None }, at: 0, end })
    }

    fn step(&mut self) -> Result<Option<Unit>, WriteVolumeError> {
        while self.at < self.end {
            let (at, end) = (self.at, self.end);
            // Behind the end of one side lie zeros.
            let kind =
                |run: Option<&BlockRun>| run.map_or((end, BlockContent::Zero), |run| (run.blocks.end, run.content));
            let (old_end, old) = kind(self.old.run_at(at)?);
            let (new_end, new) = kind(self.new.run_at(at)?);
            let both_end = old_end.min(new_end).min(end);
            if old == BlockContent::Zero && new == BlockContent::Zero {
                self.at = both_end;
                continue;
            }
            self.at = both_end.min(at + UNIT_BLOCKS);
            return Ok(Some(Unit { blocks: at..self.at }));
        }
        Ok(None)
    }
}

impl Iterator for Differences<'_> {
    type Item = Result<Unit, WriteVolumeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let unit = self.step();
        if unit.is_err() {
            self.at = self.end;
        }
        unit.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A content of which only the map is looked at: its runs of data and zeros in turn.
    struct Mapped(Vec<u64>);

    impl Mapped {
        fn is_data(&self, block: u64) -> bool {
            let mut end = 0;
            let nth = self.0.iter().position(|len| {
                end += len;
                block < end
            });
            nth.is_some_and(|nth| nth % 2 == 0)
        }
    }

    impl VolumeBytes for Mapped {
        fn size(&self) -> u64 {
            self.0.iter().sum::<u64>() * BLOCK_SIZE
        }

        fn runs(&self) -> Result<Runs<'_>, WriteVolumeError> {
            let mut at = 0;
            let runs = self.0.iter().enumerate().map(move |(nth, len)| {
                let blocks = at..at + len;
                at += len;
                let content = if nth % 2 == 0 { BlockContent::Data } else { BlockContent::Zero };
                Ok(BlockRun { blocks, content })
            });
            Ok(Box::new(runs))
        }

        fn read_at(&self, _: u64, buf: &mut [u8]) -> Result<(), WriteVolumeError> {
            buf.fill(0);
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn every_block_that_may_differ_is_in_one_unit_and_no_other_is(
            old in proptest::collection::vec(1u64..40, 1..8),
            new in proptest::collection::vec(1u64..40, 1..8),
        ) {
            let (old, new) = (Mapped(old), Mapped(new));
            let units: Vec<_> = Differences::new(&old, &new).unwrap().map(Result::unwrap).collect();
            let mut found = Vec::new();
            for unit in units {
                prop_assert!(unit.blocks.end - unit.blocks.start <= UNIT_BLOCKS);
                found.extend(unit.blocks);
            }
            let blocks = new.size() / BLOCK_SIZE;
            let expected: Vec<_> = (0..blocks).filter(|block| old.is_data(*block) || new.is_data(*block)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
