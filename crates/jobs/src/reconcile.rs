//! Bringing metadata and a store's catalog together again.
//!
//! ```text
//! read the catalog ─▶ plan ─▶ verify what is to be adopted ─▶ read again, nobody publishing ─▶ adopt, remove, publish again
//! ```
//! * A record becomes a row only after every slot that its content reaches was found in the store.
//! * A row goes only for a tombstone of higher revision. One that the catalog does not know is published again.
//! * A store that was opened read-only because its catalog is ahead is opened for writing once metadata have caught up.
//! * Each step may be done again: a crash anywhere leaves what a second run mends.

mod plan;

use crate::watch::{Ending, Watch, until};
use crate::{Jobs, PublishError, Work};
use imprint_blob_store::{BlobError, ObjectKey, ObjectKind};
use imprint_domain::{BackupStorageUuid, CatalogKind, CatalogRecord, CatalogState, EncodedRoot};
use imprint_image_store::{
    Access, CatalogContent, CatalogError, DecodeRootError, ImageStore, MapRoot, ReadError, ReadOnlyReason,
};
use imprint_metadata::{AdoptedRecord, ImageRow, MetadataError, ReconcileStepError, ResourceKey, image_of_record};
use plan::Plan;
use std::collections::{HashMap, HashSet};

/// How often it begins again because others write into the catalog meanwhile: only other servers can.
const ATTEMPTS: usize = 20;

/// Resources that one transaction changes.
const AT_ONCE: usize = 256;

/// What a reconciliation has done with one kind of resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReconciledCounts {
    /// How many became known.
    pub adopted: u64,
    /// How many went, because they were deleted since.
    pub removed: u64,
}

/// What a reconciliation has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// To backups.
    pub backups: ReconciledCounts,
    /// To those of them that were taken as a group.
    pub grouped_backups: ReconciledCounts,
    /// To images.
    pub images: ReconciledCounts,
    /// How many records were published again.
    pub published: u64,
    /// How many live records were not adopted, because not all of their content is there.
    pub incomplete: u64,
    /// How many objects of the catalog cannot be read, so that it is not known what they tell of.
    pub damaged: u64,
}

/// Why there was no reconciliation, or only half of one.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The storage's store is not open.
    #[error("the storage is not connected")]
    NotConnected,
    /// The store may only be read, for a reason that no reconciliation ends.
    #[error("the store is read-only: {reason}")]
    ReadOnly {
        /// Why.
        reason: String,
    },
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The store cannot be read.
    #[error("read the store")]
    Store(#[from] BlobError),
    /// A part of the store cannot be read now.
    #[error("read what a record names")]
    Read(#[from] ReadError),
    /// Others have changed the catalog again and again meanwhile.
    #[error("others change the catalog all the time")]
    Busy,
    /// The work had to end early.
    #[error(transparent)]
    Ended(#[from] Ending),
    /// A thread of ours panicked.
    #[error("a reconciling thread panicked")]
    Panicked,
    /// What was queued again could not be published; it is published later.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// What was found of the content of records.
#[derive(Default)]
struct Verified {
    whole: HashMap<ResourceKey, AdoptedRecord>,
    incomplete: HashSet<(ResourceKey, u64)>,
}

/// Bytes of a content's volume, and of its blocks that are not zero.
pub fn sizes_of(root: &EncodedRoot) -> Result<(u64, u64), DecodeRootError> {
    MapRoot::decode(root).map(|root| (root.size().bytes(), root.data_bytes()))
}

impl Jobs {
    /// Reconciles the metadata with what a storage's catalog says.
    pub async fn reconcile(&self, storage: BackupStorageUuid, work: &Work) -> Result<Reconciled, ReconcileError> {
        let turn = self.0.reconciling.of(storage);
        let _turn = until(work, turn.lock()).await?;
        let store = self.store(storage).await?.ok_or(ReconcileError::NotConnected)?;
        let is_behind = match store.access() {
            Access::ReadWrite => false,
            Access::ReadOnly(ReadOnlyReason::HigherEpoch { .. } | ReadOnlyReason::NewerCatalog { .. }) => true,
            Access::ReadOnly(reason) => return Err(ReconcileError::ReadOnly { reason: reason.to_string() }),
        };
        work.begin_step("note the store's segments", 0..10);
        self.adopt_segments(storage, &store, work).await?;
        let done = self.reconcile_records(storage, &store, is_behind, work).await?;
        work.begin_step("publish what the catalog lacks", 95..100);
        self.publish(storage).await?;
        work.advance(1, 1);
        self.image_made();
        tracing::info!(%storage, ?done, "reconciled the metadata with a storage's catalog");
        Ok(done)
    }

    /// The live images of a storage's catalog.
    pub async fn catalog_images(&self, storage: BackupStorageUuid) -> Result<Vec<ImageRow>, ReconcileError> {
        let store = self.store(storage).await?.ok_or(ReconcileError::NotConnected)?;
        let content = store.catalog().read_all().await?;
        let live = |record: &&CatalogRecord| record.kind == CatalogKind::Image && record.state == CatalogState::Live;
        let images = content.records.iter().filter(live).filter_map(|record| {
            let root = root_of(record)?;
            image_of_record(record, storage, root, sizes_of(&root).ok()?)
        });
        Ok(images.collect())
    }

    async fn adopt_segments(
        &self,
        storage: BackupStorageUuid,
        store: &ImageStore,
        work: &Work,
    ) -> Result<(), ReconcileError> {
        let listed = store.blobs().list(ObjectKind::Segment).await?;
        let mut segments: Vec<_> = listed
            .iter()
            .filter_map(|object| match object.key {
                ObjectKey::Segment { id, generation } => Some((id, generation)),
                _ => None,
            })
            .collect();
        // Of several generations of a segment the newest counts.
        segments.sort_unstable_by_key(|(id, generation)| (*id, std::cmp::Reverse(*generation)));
        segments.dedup_by_key(|(id, _)| *id);
        let total = segments.len() as u64;
        for (nth, chunk) in segments.chunks(AT_ONCE).enumerate() {
            self.check_ending(work)?;
            self.0.settings.metadata.adopt_segments(storage, chunk.to_vec()).await?;
            work.advance((nth * AT_ONCE) as u64, total);
        }
        Ok(())
    }

    async fn reconcile_records(
        &self,
        storage: BackupStorageUuid,
        store: &ImageStore,
        is_behind: bool,
        work: &Work,
    ) -> Result<Reconciled, ReconcileError> {
        let (mut done, mut verified) = (Reconciled::default(), Verified::default());
        for _ in 0..ATTEMPTS {
            self.check_ending(work)?;
            work.begin_step("read the catalog", 10..15);
            // Nobody on this server publishes while rows are changed by what was read.
            let publishing = self.0.publishing.of(storage);
            let publishing = publishing.lock().await;
            let expected = self.0.settings.metadata.next_catalog_seq(storage).await?;
            let content = store.catalog().read_all().await?;
            let known = self.0.settings.metadata.known_on(storage).await?;
            let plan = plan::plan(&content.records, &known);
            let unverified: Vec<_> = plan.adopt.iter().filter(|record| !verified.knows(record)).cloned().collect();
            if !unverified.is_empty() {
                // It may take long: others go on meanwhile.
                drop(publishing);
                verified = self.verify(store, unverified, verified, work).await?;
                continue;
            }
            work.begin_step("bring the metadata up to the catalog", 85..95);
            match self.apply(storage, expected, plan, &verified, &mut done).await {
                Err(ReconcileStepError::CatalogMoved) => continue,
                applied => applied.map_err(|error| match error {
                    ReconcileStepError::Metadata(error) => ReconcileError::Metadata(error),
                    ReconcileStepError::CatalogMoved => ReconcileError::Busy,
                })?,
            }
            done.incomplete = verified.incomplete.len() as u64;
            done.damaged = content.damaged.len() as u64;
            match self.catch_up(storage, store, expected, &content).await? {
                false => continue,
                true if is_behind => self.open_again(storage).await?,
                true => {}
            }
            return Ok(done);
        }
        Err(ReconcileError::Busy)
    }

    /// Finds out of which records all content is there.
    async fn verify(
        &self,
        store: &ImageStore,
        records: Vec<CatalogRecord>,
        verified: Verified,
        work: &Work,
    ) -> Result<Verified, ReconcileError> {
        work.begin_step("verify what the catalog names", 15..85);
        let watch = Watch::new(self.clone(), work.clone(), records.len() as u64);
        let reader = store.reader().clone();
        let verify = move || {
            let (mut verified, mut presence) = (verified, reader.presence());
            for (nth, record) in records.into_iter().enumerate() {
                watch.advance(nth as u64);
                let key = (record.kind, record.uuid.clone());
                let content = root_of(&record).and_then(|root| Some((root, MapRoot::decode(&root).ok()?)));
                let Some((root, decoded)) = content else {
                    tracing::warn!(uuid = record.uuid, "a record of the catalog names no content");
                    verified.incomplete.insert((key, record.rev));
                    continue;
                };
                match presence.check(&decoded, &|| watch.ending().is_none()) {
                    Ok(None) => return Err(watch.ending().unwrap_or(Ending::Stopping).into()),
                    Ok(Some(())) => {
                        let (size, data_size) = (decoded.size().bytes(), decoded.data_bytes());
                        verified.whole.insert(key, AdoptedRecord { record, root, size, data_size });
                    }
                    // The storage's own trouble says nothing of the content.
                    Err(error @ (ReadError::Store { .. } | ReadError::Panicked)) => return Err(error.into()),
                    Err(error) => {
                        tracing::error!(uuid = record.uuid, %error, "not all of what the catalog names is there");
                        verified.incomplete.insert((key, record.rev));
                    }
                }
            }
            Ok(verified)
        };
        tokio::task::spawn_blocking(verify).await.map_err(|_| ReconcileError::Panicked)?
    }

    async fn apply(
        &self,
        storage: BackupStorageUuid,
        expected: u64,
        plan: Plan,
        verified: &Verified,
        done: &mut Reconciled,
    ) -> Result<(), ReconcileStepError> {
        let metadata = &self.0.settings.metadata;
        let groups: HashSet<_> = plan.grouped.into_iter().collect();
        let adopted = plan.adopt.iter().filter_map(|record| verified.whole_of(record)).cloned();
        let adopted: Vec<_> = adopted.collect();
        for chunk in adopted.chunks(AT_ONCE) {
            for key in metadata.adopt(storage, expected, chunk.to_vec()).await? {
                done.count(&key, &groups, |counts| counts.adopted += 1);
            }
        }
        for chunk in plan.remove.chunks(AT_ONCE) {
            for key in metadata.remove_buried(storage, expected, chunk.to_vec()).await? {
                done.count(&key, &groups, |counts| counts.removed += 1);
            }
        }
        for chunk in plan.publish.chunks(AT_ONCE) {
            metadata.publish_again(storage, chunk.to_vec()).await?;
            done.published += chunk.len() as u64;
        }
        Ok(())
    }

    /// Notes that metadata know all that the store was told; false when it was told more meanwhile.
    async fn catch_up(
        &self,
        storage: BackupStorageUuid,
        store: &ImageStore,
        expected: u64,
        content: &CatalogContent,
    ) -> Result<bool, ReconcileError> {
        for key in &content.damaged {
            tracing::error!(%storage, %key, "an object of the catalog cannot be read: what it says is not known");
        }
        let epochs = store.blobs().list(ObjectKind::Epoch).await?;
        let epochs = epochs.iter().filter_map(|object| match object.key {
            ObjectKey::Epoch(number) => Some(number),
            _ => None,
        });
        let (epoch, seq) = (epochs.max().unwrap_or(0), content.highest_seq.unwrap_or(0));
        match self.0.settings.metadata.catch_up(storage, expected, epoch, seq).await {
            Err(ReconcileStepError::CatalogMoved) => Ok(false),
            Err(ReconcileStepError::Metadata(error)) => Err(error.into()),
            Ok(()) => Ok(true),
        }
    }

    fn check_ending(&self, work: &Work) -> Result<(), Ending> {
        Watch::new(self.clone(), work.clone(), 0).ending().map_or(Ok(()), Err)
    }
}

impl Verified {
    fn knows(&self, record: &CatalogRecord) -> bool {
        let key = (record.kind, record.uuid.clone());
        self.whole_of(record).is_some() || self.incomplete.contains(&(key, record.rev))
    }

    /// What was found of this very revision.
    fn whole_of(&self, record: &CatalogRecord) -> Option<&AdoptedRecord> {
        self.whole.get(&(record.kind, record.uuid.clone())).filter(|found| found.record == *record)
    }
}

impl Reconciled {
    fn count(&mut self, key: &ResourceKey, groups: &HashSet<String>, count: impl Fn(&mut ReconciledCounts)) {
        match key.0 {
            CatalogKind::Backup => {
                count(&mut self.backups);
                if groups.contains(&key.1) {
                    count(&mut self.grouped_backups);
                }
            }
            CatalogKind::Image => count(&mut self.images),
            CatalogKind::Volume => {}
        }
    }
}

/// The content that a record names.
fn root_of(record: &CatalogRecord) -> Option<EncodedRoot> {
    let bytes = hex::decode(record.root.as_ref()?).ok()?;
    EncodedRoot::try_from(bytes.as_slice()).ok()
}
