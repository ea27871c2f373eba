//! Cuts what the caller says of the volume into pieces of work, and checks it.

use super::{Change, ChangeRun, WriteError};
use imprint_domain::{BLOCK_SIZE, VolumeSize};
use std::error::Error;
use std::ops::Range;

/// Blocks of a unit of work: 4 MiB. Large enough that handing it over costs nothing, small enough to share out evenly.
pub(super) const UNIT_BLOCKS: u64 = 64;

/// What is to be done for the next blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// So many blocks are zero.
    Zero(u64),
    /// So many blocks are the parent's.
    Unchanged(u64),
    /// These blocks must be read: at most [`UNIT_BLOCKS`], all of one leaf.
    Data(Range<u64>),
}

/// An iterator over pieces.
pub(super) struct Pieces<I> {
    runs: I,
    current: Option<ChangeRun>,
    next: u64,
    blocks: u64,
    /// Blocks from here on are read even if they are said to be unchanged: beyond the parent's end, and the one that is
    /// partial in one of two sizes, whose bytes past the smaller end are zero there and may not be here.
    shareable: u64,
}

impl<I, E> Pieces<I>
where
    I: Iterator<Item = Result<ChangeRun, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    pub(super) fn new(runs: I, size: VolumeSize, parent: Option<VolumeSize>) -> Self {
        let shareable = match parent {
            None => 0,
            Some(parent) if parent == size => size.blocks(),
            Some(parent) => parent.min(size).bytes() / BLOCK_SIZE,
        };
        Self { runs, current: None, next: 0, blocks: size.blocks(), shareable }
    }

    /// The next piece; `None` at the end of the volume.
    pub(super) fn next_piece(&mut self) -> Result<Option<Piece>, WriteError> {
        while self.current.is_none() {
            match self.runs.next() {
                None if self.next == self.blocks => return Ok(None),
                None => return Err(WriteError::Runs { expected: self.next, found: self.blocks..self.blocks }),
                Some(Err(source)) => return Err(WriteError::Changes(source.into())),
                Some(Ok(run)) => {
                    let Range { start, end } = run.blocks;
                    if start != self.next || end < start || end > self.blocks {
                        return Err(WriteError::Runs { expected: self.next, found: start..end });
                    }
                    self.current = (start < end).then_some(run);
                }
            }
        }
        let Some(ChangeRun { blocks: Range { start, end }, change }) = self.current.take() else { return Ok(None) };
        let (piece, taken) = match change {
            Change::Zero => (Piece::Zero(end - start), end),
            Change::Unchanged if start < self.shareable => {
                let taken = end.min(self.shareable);
                (Piece::Unchanged(taken - start), taken)
            }
            Change::Unchanged | Change::Data => {
                let taken = end.min((start / UNIT_BLOCKS + 1) * UNIT_BLOCKS);
                (Piece::Data(start..taken), taken)
            }
        };
        self.next = taken;
        self.current = (taken < end).then_some(ChangeRun { blocks: taken..end, change });
        Ok(Some(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(size: u64, parent: Option<u64>, runs: &[(Range<u64>, Change)]) -> Result<Vec<Piece>, WriteError> {
        let runs = runs.iter().map(|(blocks, change)| {
            Ok::<_, Box<dyn Error + Send + Sync>>(ChangeRun { blocks: blocks.clone(), change: *change })
        });
        let parent = parent.map(|bytes| VolumeSize::new(bytes).unwrap());
        let mut pieces = Pieces::new(runs, VolumeSize::new(size).unwrap(), parent);
        let mut all = Vec::new();
        while let Some(piece) = pieces.next_piece()? {
            all.push(piece);
        }
        Ok(all)
    }

    #[test]
    fn data_is_cut_at_multiples_of_a_unit_and_the_rest_is_not_cut() {
        let runs =
            [(0..5, Change::Zero), (5..129, Change::Data), (129..129, Change::Zero), (129..136, Change::Unchanged)];
        let found = pieces(136 * BLOCK_SIZE, Some(136 * BLOCK_SIZE), &runs).unwrap();
        let expected =
            [Piece::Zero(5), Piece::Data(5..64), Piece::Data(64..128), Piece::Data(128..129), Piece::Unchanged(7)];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_parent_of_another_size_cannot_know_is_read() {
        let all = [(0..4, Change::Unchanged)];
        let (whole, torn) = (4 * BLOCK_SIZE, 3 * BLOCK_SIZE + 5);
        assert_eq!(pieces(torn, Some(torn), &all).unwrap(), [Piece::Unchanged(4)]);
        assert_eq!(pieces(torn, Some(whole), &all).unwrap(), [Piece::Unchanged(3), Piece::Data(3..4)]);
        assert_eq!(pieces(whole, Some(torn), &all).unwrap(), [Piece::Unchanged(3), Piece::Data(3..4)]);
        assert_eq!(pieces(whole, Some(BLOCK_SIZE), &all).unwrap(), [Piece::Unchanged(1), Piece::Data(1..4)]);
        assert_eq!(pieces(whole, None, &all).unwrap(), [Piece::Data(0..4)]);
    }

    #[test]
    fn runs_with_gaps_overlaps_or_a_wrong_end_are_refused() {
        let size = 4 * BLOCK_SIZE;
        for runs in [
            vec![],
            vec![(0..3, Change::Zero)],
            vec![(1..4, Change::Zero)],
            vec![(0..2, Change::Zero), (3..4, Change::Zero)],
            vec![(0..2, Change::Zero), (1..4, Change::Zero)],
            vec![(0..5, Change::Zero)],
            vec![(0..4, Change::Zero), (4..5, Change::Zero)],
        ] {
            assert!(matches!(pieces(size, None, &runs), Err(WriteError::Runs { .. })), "{runs:?}");
        }
        assert_eq!(pieces(0, None, &[]).unwrap(), []);
    }
}
