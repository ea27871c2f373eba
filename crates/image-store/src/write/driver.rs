//! The writer's loop: hands out work, takes what is done in the order of the volume, builds the map.

use super::base_leaf::BaseLeaf;
use super::map_builder::{MapBuilder, Run, Top};
use super::pieces::{Piece, Pieces};
use super::segment_sink::{Event, SegmentSink, WorkerFailure};
use super::worker::{Outcome, Unit, UnitDone, Worker};
use super::{ChangeRun, Consolidation, Progress, WriteError, WriteProgress, WriteRequest, Written};
use crate::blocking::cores;
use crate::leases::Leases;
use crate::map_root::MapRoot;
use crate::node::{FANOUT, Pointer};
use crate::read::{BLOCK_LEN, MapCursor, to_usize};
use crate::store::StoreShared;
use imprint_disk_format::Disk;
use imprint_domain::{BLOCK_SIZE, VolumeSize};
use std::collections::VecDeque;
use std::error::Error;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

/// Pieces that may wait for their turn: many short runs between two units cost little each, but not nothing.
const MAX_PENDING: usize = 4096;

/// Blocks that are handed to a worker at once, in one unit or in several short ones: 4 MiB. To wake a thread costs as much
/// as hashing a block, and the writer's own thread takes the time of the workers.
const BATCH_BLOCKS: u64 = 64;

/// Writes the state of `disk` that `runs` describes. Blocks until it is durable.
pub(crate) fn write_state<I, E>(
    shared: &StoreShared,
    request: &WriteRequest,
    disk: &dyn Disk,
    runs: I,
    leases: &dyn Leases,
    progress: &dyn Progress,
) -> Result<Written, WriteError>
where
    I: Iterator<Item = Result<ChangeRun, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let parent = request.parent.as_ref();
    let cursor = parent.map(|root| shared.reader.cursor(root)).transpose().map_err(WriteError::Parent)?;
    let mut sink = SegmentSink::new(shared, request, leases, channel())?;
    let pieces = Pieces::new(runs, request.size, parent.map(MapRoot::size));
    let visit_all = request.consolidation == Consolidation::CrowdedAndSmall;
    let builder = MapBuilder::new(request.parent, request.size.blocks(), visit_all);
    let (top, bytes_read) = std::thread::scope(|scope| {
        let workers = Workers::new(scope, disk, request.size, sink.sender());
        let base = Base { shared, cursor, leaf: None };
        let driver = Driver {
            pieces,
            base,
            workers,
            builder,
            sink: &mut sink,
            pending: VecDeque::new(),
            at_end: false,
            next_seq: 0,
            progress,
            size: request.size.bytes(),
            done: WriteProgress::default(),
        };
        driver.run().inspect_err(|_| progress.failed())
    })?;
    let root = match top {
        Top::Zero => {
            sink.flush()?;
            MapRoot::zero(shared.store, request.size)
        }
        Top::Shared(at, blocks) => {
            sink.flush()?;
            MapRoot::new(shared.store, request.size, Some((at, blocks)))
        }
        Top::New(at, blocks) => {
            let top: Pointer = sink.finish(at)?;
            MapRoot::new(shared.store, request.size, Some((top, blocks)))
        }
    };
    let tally = sink.tally();
    let blocks_done = request.size.blocks();
    progress.advanced(WriteProgress { blocks_done, bytes_read, bytes_stored: tally.bytes_stored });
    Ok(Written {
        root,
        bytes_read,
        bytes_stored: tally.bytes_stored,
        blocks_stored: tally.blocks_stored,
        segments: tally.segments,
    })
}

/// Work handed out or known, in the order of the volume.
enum Pending {
    Run(Run, u64),
    Unit { seq: u64, blocks: Range<u64>, reserved: usize },
}

struct Driver<'a, 'sink, 'scope, 'env, I> {
    pieces: Pieces<I>,
    base: Base<'a>,
    workers: Workers<'scope, 'env>,
    builder: MapBuilder<WriteError>,
    sink: &'sink mut SegmentSink<'a>,
    pending: VecDeque<Pending>,
    at_end: bool,
    next_seq: u64,
    progress: &'a dyn Progress,
    /// Bytes of the volume.
    size: u64,
    done: WriteProgress,
}

impl<I, E> Driver<'_, '_, '_, '_, I>
where
    I: Iterator<Item = Result<ChangeRun, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn run(mut self) -> Result<(Top, u64), WriteError> {
        loop {
            if self.progress.is_cancelled() {
                return Err(WriteError::Cancelled);
            }
            self.hand_out()?;
            if self.absorb()? {
                self.done.bytes_stored = self.sink.tally().bytes_stored;
                self.progress.advanced(self.done);
            } else if self.pending.is_empty() && self.at_end {
                break;
            } else {
                self.sink.wait(self.workers.under_way > 0)?;
            }
        }
        Ok((self.builder.finish(self.sink)?, self.done.bytes_read))
    }

    /// Hands out work until workers, memory or the list of what is pending are full.
    fn hand_out(&mut self) -> Result<(), WriteError> {
        self.start_units()?;
        self.workers.flush()
    }

    fn start_units(&mut self) -> Result<(), WriteError> {
        let unit_bytes = to_usize(super::pieces::UNIT_BLOCKS) * BLOCK_LEN;
        while !self.at_end && self.pending.len() < MAX_PENDING && self.workers.want_more() {
            // Reserved before it is known whether the piece needs it, so that a piece once cut is never put back.
            if !self.sink.try_reserve(unit_bytes) {
                return Ok(());
            }
            let piece = self.pieces.next_piece();
            let needed = match &piece {
                Ok(Some(Piece::Data(blocks))) => to_usize(blocks.end - blocks.start) * BLOCK_LEN,
                _ => 0,
            };
            self.sink.give_back(unit_bytes - needed);
            match piece? {
                None => self.at_end = true,
                Some(Piece::Zero(blocks)) => self.pending.push_back(Pending::Run(Run::Zero, blocks)),
                Some(Piece::Unchanged(blocks)) => self.pending.push_back(Pending::Run(Run::Unchanged, blocks)),
                Some(Piece::Data(blocks)) => {
                    let seq = self.next_seq;
                    self.next_seq += 1;
                    let base = self.base.leaf_of(blocks.start);
                    self.pending.push_back(Pending::Unit { seq, blocks: blocks.clone(), reserved: needed });
                    self.workers.start(Unit { seq, blocks, base })?;
                }
            }
        }
        Ok(())
    }

    /// Builds the map with what is at its turn. Answers whether there was anything.
    fn absorb(&mut self) -> Result<bool, WriteError> {
        let mut any = false;
        while let Some(first) = self.pending.front() {
            match first {
                Pending::Run(run, blocks) => {
                    let (run, blocks) = (*run, *blocks);
                    self.builder.push_run(self.sink, run, blocks)?;
                    self.done.blocks_done += blocks;
                }
                Pending::Unit { seq, blocks, reserved } => {
                    let Some(unit) = self.sink.take_ready(*seq, *reserved) else { break };
                    let count = blocks.end - blocks.start;
                    self.workers.under_way -= 1;
                    self.workers.blocks_under_way -= count;
                    self.done.blocks_done += count;
                    self.done.bytes_read += (blocks.end * BLOCK_SIZE).min(self.size) - blocks.start * BLOCK_SIZE;
                    self.absorb_unit(unit)?;
                }
            }
            self.pending.pop_front();
            any = true;
        }
        Ok(any)
    }

    fn absorb_unit(&mut self, unit: UnitDone) -> Result<(), WriteError> {
        let mut waiting: Option<(Run, u64)> = None;
        for outcome in unit.outcomes {
            let run = match &outcome {
                Outcome::Zero => Some(Run::Zero),
                Outcome::Same => Some(Run::Unchanged),
                Outcome::Stored(_) => None,
            };
            waiting = match (waiting, run) {
                (Some((kind, blocks)), Some(run)) if kind == run => Some((run, blocks + 1)),
                (before, run) => {
                    if let Some((kind, blocks)) = before {
                        self.builder.push_run(self.sink, kind, blocks)?;
                    }
                    run.map(|run| (run, 1))
                }
            };
            if let Outcome::Stored(block) = outcome {
                let at = self.sink.push_block(block)?;
                self.builder.push_block(self.sink, at)?;
            }
        }
        waiting.map_or(Ok(()), |(kind, blocks)| self.builder.push_run(self.sink, kind, blocks))
    }
}

/// What the parent has, leaf by leaf.
struct Base<'a> {
    shared: &'a StoreShared,
    cursor: Option<MapCursor>,
    leaf: Option<(u64, Option<Arc<BaseLeaf>>)>,
}

impl Base<'_> {
    /// The parent's hashes for the leaf that covers `block`; none where it has nothing, or nothing that can be read: the
    /// blocks are then stored again.
    fn leaf_of(&mut self, block: u64) -> Option<Arc<BaseLeaf>> {
        let cursor = self.cursor.as_mut()?;
        let index = block / u64::from(FANOUT);
        if let Some((_, leaf)) = self.leaf.as_ref().filter(|(known, _)| *known == index) {
            return leaf.clone();
        }
        let node = cursor.leaf_at(block).ok().flatten();
        let leaf = node.map(|node| Arc::new(BaseLeaf::of(&self.shared.reader, &node)));
        self.leaf = Some((index, leaf.clone()));
        leaf
    }
}

/// The threads that read, hash and compress. They end when this is dropped.
struct Workers<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    disk: &'env dyn Disk,
    size: VolumeSize,
    results: Sender<Event>,
    queue: Sender<Vec<Unit>>,
    work: Arc<Mutex<Receiver<Vec<Unit>>>>,
    /// Units that are handed out together, and how many blocks they have.
    batch: (Vec<Unit>, u64),
    started: usize,
    limit: usize,
    /// Units handed out and not yet taken back, and their blocks.
    under_way: usize,
    blocks_under_way: u64,
    /// Nobody waits for what is still in the queue.
    stopped: Arc<AtomicBool>,
}

impl<'scope, 'env> Workers<'scope, 'env> {
    fn new(scope: &'scope Scope<'scope, 'env>, disk: &'env dyn Disk, size: VolumeSize, results: Sender<Event>) -> Self {
        let (queue, work) = channel();
        let work = Arc::new(Mutex::new(work));
        Self {
            scope,
            disk,
            size,
            results,
            queue,
            work,
            batch: (Vec::new(), 0),
            started: 0,
            limit: cores(),
            under_way: 0,
            blocks_under_way: 0,
            stopped: Arc::default(),
        }
    }

    /// Enough units for every worker while the caller's thread is busy sealing a segment, and no more than that.
    fn want_more(&self) -> bool {
        self.blocks_under_way < (2 * self.limit as u64 + 2) * BATCH_BLOCKS
    }

    fn start(&mut self, unit: Unit) -> Result<(), WriteError> {
        self.under_way += 1;
        self.blocks_under_way += unit.blocks.end - unit.blocks.start;
        self.batch.1 += unit.blocks.end - unit.blocks.start;
        self.batch.0.push(unit);
        if self.batch.1 < BATCH_BLOCKS { Ok(()) } else { self.flush() }
    }

    /// Hands out what has been started.
    fn flush(&mut self) -> Result<(), WriteError> {
        let (batch, _) = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        self.queue.send(batch).map_err(|_| WriteError::WorkerBroken)?;
        if self.started < self.limit.min(self.under_way) {
            self.started += 1;
            let (disk, size) = (self.disk, self.size);
            let (work, results, stopped) = (Arc::clone(&self.work), self.results.clone(), Arc::clone(&self.stopped));
            let thread = std::thread::Builder::new().name(format!("backup-{}", self.started));
            let work = move || work_off(disk, size, &work, &results, &stopped);
            thread.spawn_scoped(self.scope, work).map_err(|_| WriteError::WorkerBroken)?;
        }
        Ok(())
    }
}

impl Drop for Workers<'_, '_> {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// A worker's life.
fn work_off(
    disk: &dyn Disk,
    size: VolumeSize,
    work: &Mutex<Receiver<Vec<Unit>>>,
    results: &Sender<Event>,
    stopped: &AtomicBool,
) {
    let mut worker = Worker::new(disk, size).ok();
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(units) = next else { return };
        if stopped.load(Ordering::Relaxed) {
            return;
        }
        // A panic must reach the writer as a result: it waits for every unit.
        let done = catch_unwind(AssertUnwindSafe(|| {
            let worker = worker.as_mut()?;
            Some(units.iter().map(|unit| worker.process(unit)).collect::<Result<Vec<_>, _>>())
        }));
        let done = match done {
            Ok(Some(done)) => done.map_err(WorkerFailure::Disk),
            Ok(None) | Err(_) => Err(WorkerFailure::Broken),
        };
        if results.send(Event::Units(done)).is_err() {
            return;
        }
    }
}
