//! Where a writer's blocks and nodes go: into the open segment, and from there to the storage.
//!
//! For each segment, in this order: its row is registered; its object is put, at most two at a time; its row is marked
//! durable. Only when all are is there a root.

use super::consolidate::Consolidation;
use super::map_builder::NodeStore;
use super::worker::UnitDone;
use super::{WriteError, WriteRequest};
use crate::blocking::Border;
use crate::codec::SlotCompressor;
use crate::leases::Leases;
use crate::node::{Node, Pointer};
use crate::node_draft::{DraftTarget, NodeDraft, OwnSegments, SegmentRef};
use crate::read::Reader;
use crate::segment::{OpenSegment, SegmentHeader, StoredBlock};
use crate::store::{StoreShared, WriterLimits};
use imprint_blob_store::{BlobError, ObjectKey};
use imprint_disk_format::ReadDiskError;
use imprint_domain::{BlockIndex, LeaseUuid, SegmentId};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use tokio::task::JoinHandle;

/// Objects being put at the same time: one is written while the other waits for its sync.
const MAX_PUTS: usize = 2;

/// What happens on other threads.
pub(super) enum Event {
    /// All units that were handed out together.
    Units(Result<Vec<UnitDone>, WorkerFailure>),
    /// `None`: the runtime has dropped the put, because it panicked or because the runtime ends.
    Put(Put, Option<Result<(), BlobError>>),
}

/// A segment that is being written.
#[derive(Clone, Copy)]
pub(super) struct Put {
    segment: SegmentId,
    block_bytes: usize,
    object_len: u64,
}

/// Tells the writer how a put has ended, whatever ends it: a writer waits for every put.
struct PutReport {
    put: Put,
    result: Option<Result<(), BlobError>>,
    sender: Sender<Event>,
}

impl PutReport {
    fn ended(mut self, result: Result<(), BlobError>) {
        self.result = Some(result);
    }
}

impl Drop for PutReport {
    fn drop(&mut self) {
        // Nobody listens any more when the writer has failed for another reason.
        let _ = self.sender.send(Event::Put(self.put, self.result.take()));
    }
}

/// Why a unit could not be done.
pub(super) enum WorkerFailure {
    Disk(ReadDiskError),
    /// The worker panicked, or its compressor could not be made.
    Broken,
}

/// What was written so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) bytes_stored: u64,
    pub(super) blocks_stored: u64,
    pub(super) segments: u64,
}

/// The one who fills segments and has them written.
pub(super) struct SegmentSink<'a> {
    shared: &'a StoreShared,
    limits: WriterLimits,
    leases: &'a dyn Leases,
    lease: LeaseUuid,
    domain: [u8; 16],
    consolidation: Consolidation,
    own: OwnSegments,
    open: Option<OpenSegment>,
    compressor: SlotCompressor,
    events: Receiver<Event>,
    sender: Sender<Event>,
    puts: HashMap<SegmentId, JoinHandle<()>>,
    /// Units that are done and whose turn has not come.
    ready: HashMap<u64, UnitDone>,
    /// Bytes reserved for units under way, and bytes of blocks that are not yet in the storage.
    bytes_in_use: usize,
    tally: Tally,
}

impl<'a> SegmentSink<'a> {
    pub(super) fn new(
        shared: &'a StoreShared,
        request: &WriteRequest,
        leases: &'a dyn Leases,
        (sender, events): (Sender<Event>, Receiver<Event>),
    ) -> Result<Self, WriteError> {
        Ok(Self {
            shared,
            limits: shared.limits,
            leases,
            lease: request.lease,
            domain: *request.owner.as_bytes(),
            consolidation: request.consolidation,
            own: OwnSegments::default(),
            open: None,
            compressor: SlotCompressor::new().map_err(|_| WriteError::WorkerBroken)?,
            events,
            sender,
            puts: HashMap::new(),
            ready: HashMap::new(),
            bytes_in_use: 0,
            tally: Tally::default(),
        })
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    pub(super) fn sender(&self) -> Sender<Event> {
        self.sender.clone()
    }

    /// Reserves memory for a unit under way; `false` when there is none left now.
    pub(super) fn try_reserve(&mut self, bytes: usize) -> bool {
        let fits = self.bytes_in_use + bytes <= self.limits.memory;
        if fits {
            self.bytes_in_use += bytes;
        }
        fits
    }

    /// Gives back what was reserved and is not needed.
    pub(super) fn give_back(&mut self, bytes: usize) {
        self.bytes_in_use -= bytes;
    }

    /// A finished unit, if it is there; gives back what was reserved for it beyond what it holds.
    pub(super) fn take_ready(&mut self, seq: u64, reserved: usize) -> Option<UnitDone> {
        let unit = self.ready.remove(&seq)?;
        self.bytes_in_use = self.bytes_in_use - reserved + unit.stored_bytes;
        Some(unit)
    }

    /// Waits until something has happened elsewhere. When nothing is under way (`units_under_way` says so for units),
    /// the open segment is what holds the memory, and is written.
    pub(super) fn wait(&mut self, units_under_way: bool) -> Result<(), WriteError> {
        if units_under_way || !self.puts.is_empty() { self.next_event() } else { self.seal() }
    }

    /// Adds a block to the open segment.
    pub(super) fn push_block(&mut self, block: StoredBlock) -> Result<DraftTarget, WriteError> {
        let full = self.open.as_ref().is_some_and(|open| {
            !open.takes_block(self.limits.data_slots) || open.block_bytes() + block.bytes.len() > self.limits.memory / 2
        });
        if full {
            self.seal()?;
        }
        self.tally.blocks_stored += 1;
        let open = self.open()?;
        let segment = SegmentRef::Own(open.own());
        let place = open.push_block(block);
        Ok(DraftTarget { segment, place })
    }

    /// Copies a block of another segment: its bytes count from now on.
    fn push_copy(&mut self, block: StoredBlock) -> Result<DraftTarget, WriteError> {
        let len = block.bytes.len();
        while self.bytes_in_use + len > self.limits.memory && !self.puts.is_empty() {
            self.next_event()?;
        }
        self.bytes_in_use += len;
        self.push_block(block)
    }

    /// Writes what is open, waits until all is durable, and names the place of `top`.
    pub(super) fn finish(&mut self, top: DraftTarget) -> Result<Pointer, WriteError> {
        self.flush()?;
        let SegmentRef::Own(own) = top.segment else { return Err(WriteError::WorkerBroken) };
        let (segment, data_slots) = self.own.get(own).ok_or(WriteError::WorkerBroken)?;
        Ok(Pointer { segment, slot: data_slots + top.place })
    }

    /// Writes what is open and waits until all is durable.
    pub(super) fn flush(&mut self) -> Result<(), WriteError> {
        self.seal()?;
        while !self.puts.is_empty() {
            self.next_event()?;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<&mut OpenSegment, WriteError> {
        if self.open.is_none() {
            let mut salt = [0; 32];
            getrandom::fill(&mut salt).map_err(|_| WriteError::WorkerBroken)?;
            let header = SegmentHeader { salt, domain: self.domain, origin: self.shared.store, generation: 0 };
            self.open = Some(OpenSegment::new(self.own.next(), header));
        }
        self.open.as_mut().ok_or(WriteError::WorkerBroken)
    }

    fn seal(&mut self) -> Result<(), WriteError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let sealed = open.seal(&self.own, &mut self.compressor);
        self.own.push_sealed(sealed.id, sealed.data_slots);
        while self.puts.len() >= MAX_PUTS {
            self.next_event()?;
        }
        self.shared.check_reserve(sealed.object_len)?;
        self.leases.register_segment(self.lease, self.shared.store, sealed.id, sealed.generation)?;
        let key = ObjectKey::Segment { id: sealed.id, generation: sealed.generation };
        let put = Put { segment: sealed.id, block_bytes: sealed.block_bytes, object_len: sealed.object_len };
        let report = PutReport { put, result: None, sender: self.sender.clone() };
        let blobs = self.shared.blobs.clone();
        let task = async move { report.ended(blobs.put(&key, sealed.parts).await) };
        self.puts.insert(sealed.id, self.border().start(task));
        Ok(())
    }

    fn next_event(&mut self) -> Result<(), WriteError> {
        let event = self.events.recv().map_err(|_| WriteError::WorkerBroken)?;
        match event {
            Event::Units(Ok(units)) => self.ready.extend(units.into_iter().map(|unit| (unit.seq, unit))),
            Event::Units(Err(WorkerFailure::Disk(source))) => return Err(WriteError::Disk(source)),
            Event::Units(Err(WorkerFailure::Broken)) => return Err(WriteError::WorkerBroken),
            Event::Put(put, result) => {
                self.puts.remove(&put.segment);
                let result = result.ok_or(WriteError::WorkerBroken)?;
                result.map_err(|error| self.shared.put_failed(error))?;
                self.leases.segment_durable(self.lease, self.shared.store, put.segment)?;
                self.bytes_in_use -= put.block_bytes;
                self.tally.bytes_stored += put.object_len;
                self.tally.segments += 1;
            }
        }
        Ok(())
    }

    fn border(&self) -> &Border {
        self.shared.reader.border()
    }
}

impl NodeStore for SegmentSink<'_> {
    type Error = WriteError;

    fn load(&mut self, at: Pointer, level: u8, first_block: u64) -> Result<Arc<Node>, WriteError> {
        self.shared.reader.node(at, level, BlockIndex(first_block)).map_err(WriteError::Parent)
    }

    fn rearrange(&mut self, leaf: &mut NodeDraft, changed: bool) -> Result<bool, WriteError> {
        let reader: Reader = self.shared.reader.clone();
        let chosen = self.consolidation.choose(&reader, leaf, changed);
        if chosen.is_empty() {
            return Ok(false);
        }
        super::consolidate::copy_blocks(&reader, leaf, &chosen, |block| self.push_copy(block))
    }

    fn append(&mut self, node: NodeDraft) -> Result<DraftTarget, WriteError> {
        if self.open.as_ref().is_some_and(|open| !open.takes_node()) {
            self.seal()?;
        }
        let open = self.open()?;
        let segment = SegmentRef::Own(open.own());
        let place = open.push_node(node);
        Ok(DraftTarget { segment, place })
    }
}

impl Drop for SegmentSink<'_> {
    /// A writer that fails waits for the objects that it has begun: whoever tries again, or removes the store, must not
    /// meet a put that is still running.
    fn drop(&mut self) {
        for (_, put) in self.puts.drain() {
            // A panic of the put has been told as a missing event; here only its end counts.
            let _ = self.shared.reader.border().wait(put);
        }
    }
}
