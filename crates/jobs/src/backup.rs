//! Taking a backup.
//!
//! 1. Open the source; nothing is written yet.
//! 2. One transaction: lease, parent, row.
//! 3. Write what changed; every segment is durable at the end.
//! 4. One transaction: root in, lease out, catalog record queued.
//! 5. Publish the record. Only now is the backup acknowledged: losing the database loses no acknowledged backup.
//!
//! A failure before 4 takes the row back; what was written is left for collection. A crash between 4 and 5 leaves a Ready
//! backup whose record is published at the next start.

use crate::changes::AllocationRuns;
use crate::source::{OpenSource, OpenSourceError, Source};
use crate::store_leases::StoreLeases;
use crate::throttle::Throttled;
use crate::watch::{Ending, Watch, until};
use crate::{Jobs, PublishError, Work};
use imprint_disk_format::{Disk, ReadDiskError};
use imprint_domain::{AccountUuid, BackupStorageUuid, LeaseUuid, VolumeBackupUuid, VolumeSize, VolumeUuid};
use imprint_image_store::{Access, Consolidation, ImageStore, MapRoot, WriteError, WriteRequest, Written};
use imprint_metadata::{
    BackupFacts, BeginBackup, BeginBackupError, BegunBackup, CommitBackup, CommitBackupError, MetadataError, NewTags,
    VolumeBackupRow,
};
use serde_json::json;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// Every so many backups of a volume, blocks that lie in small segments are gathered.
const GATHER_EVERY: u64 = 64;

/// A backup that is asked for.
#[derive(Clone, Debug)]
pub struct BackupRequest {
    /// The backup's id.
    pub uuid: VolumeBackupUuid,
    /// What it is of.
    pub volume: VolumeUuid,
    /// Where it goes.
    pub storage: BackupStorageUuid,
    /// Where the volume's bytes are.
    pub source: Source,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it must not have a parent.
    pub full: bool,
    /// Who takes it.
    pub account: AccountUuid,
    /// Its tags.
    pub tags: NewTags,
    /// Bytes a second that it may read from the volume.
    pub read_limit: Option<u64>,
    /// Whether its digests are wanted at once.
    pub digest: bool,
    /// How long it may take, and how far it has come.
    pub work: Work,
}

/// Why a backup was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The volume's file cannot be opened.
    #[error("open the volume's file")]
    Source(#[source] OpenSourceError),
    /// The volume's file cannot be read, or changed its size meanwhile.
    #[error("read the volume's file")]
    Read(#[source] ReadDiskError),
    /// Metadata refused it.
    #[error(transparent)]
    Begin(#[from] BeginBackupError),
    /// The store may only be read.
    #[error("the store is read-only: {reason}")]
    ReadOnly {
        /// Why.
        reason: String,
    },
    /// The store has no space left.
    #[error("the store has no space left")]
    StorageFull,
    /// What the parent stored is damaged.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// Which segment and block.
        what: String,
    },
    /// The backup was deleted while it was taken.
    #[error("the backup was deleted while it was taken")]
    Deleted,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// It took longer than it may.
    #[error("the backup took longer than it may")]
    TimedOut,
    /// Somebody cancelled it.
    #[error("the backup was cancelled")]
    Cancelled,
    /// The lease ended before the backup did.
    #[error("the backup's lease ended before it did")]
    LeaseGone,
    /// Writing to the store failed, now or earlier: it takes nothing more until it is opened again.
    #[error("write to the store")]
    StorageFailed(#[source] WriteError),
    /// The writer failed otherwise.
    #[error("write the store")]
    Write(#[source] WriteError),
    /// The parent's root cannot be read.
    #[error("decode the parent's root")]
    Root(#[from] imprint_image_store::DecodeRootError),
    /// The volume is larger than any may be.
    #[error(transparent)]
    TooLarge(#[from] imprint_domain::VolumeTooLarge),
    /// A thread of ours panicked.
    #[error("a backup thread panicked")]
    Panicked,
    /// The record could not be published; the backup is made and is published later.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl Jobs {
    /// Takes a backup and answers it when it is durable and published.
    pub async fn back_up(&self, request: BackupRequest) -> Result<VolumeBackupRow, BackupError> {
        request.work.begin_step("wait for other backups", 0..0);
        let turn = until(&request.work, self.0.backups.acquire()).await?;
        let _turn = turn.map_err(|_| BackupError::Stopping)?;
        let source = request.source.clone();
        let source = tokio::task::spawn_blocking(move || source.open()).await.map_err(|_| BackupError::Panicked)?;
        let source = source.map_err(BackupError::Source)?;
        let metadata = &self.0.settings.metadata;
        let lease = self.new_lease(request.storage, "backup");
        let (uuid, storage, lease_uuid) = (request.uuid, request.storage, lease.uuid);
        let asked = BeginBackup {
            uuid,
            volume: request.volume,
            storage,
            name: request.name.clone(),
            description: request.description.clone(),
            full: request.full,
            account: request.account,
            lease,
            tags: request.tags.clone(),
        };
        let begun = metadata.begin_backup(asked).await?;
        let row = match self.write_and_commit(&request, source, begun, lease_uuid).await {
            Ok(row) => row,
            Err(error) => {
                let abandoned = metadata.abandon_backup(uuid, lease_uuid).await;
                // What failed is reported; a failure to take it back as well is mended at the next start.
                if let Err(second) = &abandoned {
                    tracing::warn!(%second, backup = %uuid, "a failed backup could not be taken back yet");
                }
                return Err(match (error, abandoned) {
                    // Whoever deletes it takes its lease away.
                    (BackupError::LeaseGone, Ok(false)) => BackupError::Deleted,
                    (error, _) => error,
                });
            }
        };
        request.work.begin_step("publish the backup", 99..100);
        self.publish(storage).await?;
        request.work.advance(1, 1);
        if request.digest {
            self.digest_later(&row, storage);
        }
        Ok(row)
    }

    async fn write_and_commit(
        &self,
        request: &BackupRequest,
        source: OpenSource,
        begun: BegunBackup,
        lease: LeaseUuid,
    ) -> Result<VolumeBackupRow, BackupError> {
        let metadata = &self.0.settings.metadata;
        let store = self
            .store(request.storage)
            .await?
            .ok_or(BackupError::ReadOnly { reason: "its store is not open".to_owned() })?;
        if let Access::ReadOnly(reason) = store.access() {
            return Err(BackupError::ReadOnly { reason: reason.to_string() });
        }
        let size = VolumeSize::new(source.disk.size())?;
        let parent = begun.parent.map(|(_, root)| MapRoot::decode(&root)).transpose()?;
        let gather = begun.ordinal % GATHER_EVERY == GATHER_EVERY - 1;
        let consolidation = if gather { Consolidation::CrowdedAndSmall } else { Consolidation::Crowded };
        let write = WriteRequest { size, parent, lease, owner: request.account, consolidation };
        let leases = StoreLeases { metadata: metadata.clone(), storage: request.storage, runtime: Handle::current() };
        let watch = Arc::new(Watch::new(self.clone(), request.work.clone(), size.blocks()));
        // Ends when it is dropped.
        let mut followers = JoinSet::new();
        followers.spawn(Arc::clone(&watch).follow(lease));
        request.work.begin_step("read the volume", 0..99);
        let (occupied, read_limit) = (source.occupied, request.read_limit);
        let written =
            tokio::task::spawn_blocking(move || write_all(&store, &write, &source, read_limit, &leases, &watch));
        let written = written.await.map_err(|_| BackupError::Panicked)??;
        drop(followers);
        metadata.set_volume_sizes(request.volume, size.bytes(), occupied).await?;
        let commit = CommitBackup {
            uuid: request.uuid,
            storage: request.storage,
            lease,
            facts: facts(request, &written, parent.is_some()),
        };
        metadata.commit_backup(commit).await.map_err(|error| match error {
            CommitBackupError::LeaseGone => BackupError::LeaseGone,
            CommitBackupError::Deleted => BackupError::Deleted,
            CommitBackupError::Metadata(error) => error.into(),
        })
    }
}

fn write_all(
    store: &ImageStore,
    request: &WriteRequest,
    source: &OpenSource,
    read_limit: Option<u64>,
    leases: &StoreLeases,
    watch: &Watch,
) -> Result<Written, BackupError> {
    let disk = &*source.disk;
    let throttled = read_limit.map(|limit| Throttled::new(disk, limit, watch));
    let read: &dyn Disk = throttled.as_ref().map_or(disk, |throttled| throttled);
    let written = store.write(request, read, AllocationRuns::new(disk), leases, watch);
    let written = written.map_err(|error| refused(error, watch.ending()))?;
    // A file that grew, shrank or was replaced while it was read is nobody's point in time.
    source.disk.check_unchanged().map_err(BackupError::Read)?;
    Ok(written)
}

impl From<Ending> for BackupError {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Stopping => Self::Stopping,
            Ending::Cancelled => Self::Cancelled,
            Ending::TimedOut => Self::TimedOut,
            Ending::LeaseGone => Self::LeaseGone,
        }
    }
}

/// What a writer's failure means to whoever asked for the backup.
fn refused(error: WriteError, ending: Option<Ending>) -> BackupError {
    match error {
        WriteError::Disk(error) => BackupError::Read(error),
        // The disk's own map of what it holds is read by us, and is as hostile as the rest of it.
        WriteError::Changes(source) => match source.downcast::<ReadDiskError>() {
            Ok(error) => BackupError::Read(*error),
            Err(source) => BackupError::Write(WriteError::Changes(source)),
        },
        WriteError::StorageFull => BackupError::StorageFull,
        WriteError::Cancelled => ending.unwrap_or(Ending::Stopping).into(),
        WriteError::Parent(error) => BackupError::Damaged { what: error.to_string() },
        WriteError::LeaseGone => BackupError::LeaseGone,
        WriteError::ReadOnly(reason) => BackupError::ReadOnly { reason: reason.to_string() },
        error @ (WriteError::Store(_) | WriteError::Poisoned) => BackupError::StorageFailed(error),
        error => BackupError::Write(error),
    }
}

fn facts(request: &BackupRequest, written: &Written, incremental: bool) -> BackupFacts {
    let (method, reason) = match (incremental, request.full) {
        (true, _) => ("compare", "the source has no dirty bitmap: every allocated block was read and compared"),
        (false, true) => ("full", "asked for"),
        (false, false) => ("full", "the volume has no backup on this storage that could be its parent"),
    };
    let metadata = json!({
        "method": method,
        "reason": reason,
        "bytesRead": written.bytes_read,
        "bytesStored": written.bytes_stored,
        "volume": {"uuid": request.volume.to_string(), "size": written.root.size().bytes()},
    });
    BackupFacts {
        root: written.root.encode(),
        volume_size: written.root.size().bytes(),
        data_size: written.root.data_bytes(),
        stored: written.bytes_stored,
        method: method.to_owned(),
        metadata: metadata.to_string(),
    }
}
