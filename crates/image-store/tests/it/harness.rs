//! A store, a runtime and the checks that tests share.

use crate::disk::SeedDisk;
use imprint_blob_store::BlobStore;
use imprint_domain::{AccountUuid, BLOCK_SIZE, BlockIndex, InstallationUuid, LeaseUuid, SegmentId, StoreUuid};
use imprint_image_store::{
    BlockContent, Change, ChangeRun, Consolidation, ImageStore, LeaseError, Leases, MapRoot, Progress, StoreOptions,
    WriteError, WriteProgress, WriteRequest, Written,
};
use object_store::memory::InMemory;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use tokio::runtime::{Builder, Runtime};

/// A store with the runtime that it lives in.
pub(crate) struct TestStore {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) store: ImageStore,
    pub(crate) leases: RecordingLeases,
}

pub(crate) fn runtime() -> Arc<Runtime> {
    Arc::new(Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

/// Options for many small segments on any disk.
pub(crate) fn small_segments(segment_blocks: u16) -> StoreOptions {
    StoreOptions { segment_blocks, reserve: Some(0), ..StoreOptions::default() }
}

pub(crate) fn in_memory() -> BlobStore {
    BlobStore::from_object_store(Arc::new(InMemory::new()))
}

impl TestStore {
    pub(crate) fn create(blobs: BlobStore, options: &StoreOptions) -> Self {
        let runtime = runtime();
        let store = runtime.block_on(ImageStore::create(blobs, InstallationUuid::random(), options)).unwrap();
        Self { runtime, store, leases: RecordingLeases::default() }
    }

    pub(crate) fn in_memory(segment_blocks: u16) -> Self {
        Self::create(in_memory(), &small_segments(segment_blocks))
    }

    pub(crate) fn write(
        &self,
        disk: &SeedDisk,
        parent: Option<MapRoot>,
        runs: &[(Range<u64>, Change)],
    ) -> Result<Written, WriteError> {
        self.write_with(&request(disk, parent), disk, runs)
    }

    pub(crate) fn write_with(
        &self,
        request: &WriteRequest,
        disk: &SeedDisk,
        runs: &[(Range<u64>, Change)],
    ) -> Result<Written, WriteError> {
        let runs = runs.iter().map(|(blocks, change)| {
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(ChangeRun { blocks: blocks.clone(), change: *change })
        });
        self.store.write(request, disk, runs, &self.leases, &NoProgress)
    }

    /// A full backup that reads every block.
    pub(crate) fn write_all(&self, disk: &SeedDisk, parent: Option<MapRoot>) -> Written {
        self.write(disk, parent, &[(0..disk.blocks(), Change::Data)]).unwrap()
    }

    /// Compares everything that a root says with a disk.
    pub(crate) fn check(&self, root: &MapRoot, disk: &SeedDisk) {
        let reader = self.store.reader();
        assert_eq!(root.size().bytes(), disk.size);
        assert_eq!(root.data_blocks(), disk.seeds.len() as u64);
        assert_eq!(MapRoot::decode(&root.encode()).unwrap(), *root);
        let mut next = 0;
        for run in reader.block_runs(root, BlockIndex(0)).unwrap() {
            let run = run.unwrap();
            assert_eq!(run.blocks.start, next);
            assert!(run.blocks.end > next);
            next = run.blocks.end;
            let expected: BTreeMap<_, _> = disk.seeds.range(run.blocks.clone()).collect();
            match run.content {
                BlockContent::Zero => assert!(expected.is_empty(), "{:?} is zero", run.blocks),
                BlockContent::Data => {
                    assert_eq!(expected.len() as u64, run.blocks.end - run.blocks.start);
                    self.check_content(root, disk, run.blocks);
                }
            }
        }
        assert_eq!(next, disk.blocks());
    }

    fn check_content(&self, root: &MapRoot, disk: &SeedDisk, blocks: Range<u64>) {
        let start = blocks.start * BLOCK_SIZE;
        let end = (blocks.end * BLOCK_SIZE).min(disk.size);
        let mut bytes = vec![1; usize::try_from(end - start).unwrap()];
        self.store.reader().read_at(root, start, &mut bytes).unwrap();
        for (block, found) in blocks.zip(bytes.chunks(65536)) {
            assert!(disk.block(block)[..found.len()] == *found, "block {block}");
        }
    }
}

pub(crate) fn request(disk: &SeedDisk, parent: Option<MapRoot>) -> WriteRequest {
    WriteRequest {
        size: disk.volume_size(),
        parent,
        lease: LeaseUuid::random(),
        owner: AccountUuid::random(),
        consolidation: Consolidation::Crowded,
    }
}

/// What a writer told metadata, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Registered(SegmentId),
    Durable(SegmentId),
}

/// Metadata that remembers; its lease ends after so many words.
#[derive(Default)]
pub(crate) struct RecordingLeases {
    pub(crate) told: Mutex<Vec<Told>>,
    pub(crate) gone_after: Mutex<Option<usize>>,
}

impl RecordingLeases {
    fn tell(&self, word: Told) -> Result<(), LeaseError> {
        let mut told = self.told.lock().unwrap();
        if self.gone_after.lock().unwrap().is_some_and(|limit| told.len() >= limit) {
            return Err(LeaseError::Gone);
        }
        told.push(word);
        Ok(())
    }
}

impl Leases for RecordingLeases {
    fn register_segment(
        &self,
        _: LeaseUuid,
        _: StoreUuid,
        segment: SegmentId,
        generation: u64,
    ) -> Result<(), LeaseError> {
        assert_eq!(generation, 0);
        self.tell(Told::Registered(segment))
    }

    fn segment_durable(&self, _: LeaseUuid, _: StoreUuid, segment: SegmentId) -> Result<(), LeaseError> {
        self.tell(Told::Durable(segment))
    }
}

/// Nobody watches.
pub(crate) struct NoProgress;

impl Progress for NoProgress {
    fn advanced(&self, _: WriteProgress) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}
