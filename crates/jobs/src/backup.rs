//! Taking backups: one, or those of a virtual machine's volumes, all or none.
//!
//! 1. Open all sources, which locks them: nobody changes one until the last one is read, so that they are of one point in
//!    time. Nothing is written yet.
//! 2. One transaction: leases, parents, rows.
//! 3. Write what changed, volume by volume; every segment is durable at the end.
//! 4. One transaction: roots in, leases out, catalog records queued.
//! 5. Publish the records. Only now are the backups acknowledged: losing the database loses no acknowledged backup.
//!
//! A failure before 4 takes the rows back; what was written is left for collection. A crash between 4 and 5 leaves
//! Ready backups whose records are published at the next start.

use crate::source::{OpenSource, OpenSourceError, Source};
use crate::watch::Ending;
use crate::write_state::{Content, NewState, WriteStateError};
use crate::{Jobs, PublishError, Work};
use imprint_domain::{AccountUuid, BackupGroupUuid, BackupStorageUuid, LeaseUuid, VolumeBackupUuid, VolumeUuid};
use imprint_image_store::{Consolidation, MapRoot, Written};
use imprint_metadata::{
    BackupFacts, BeginBackup, BeginBackupError, BegunBackup, CommitBackup, CommitBackupError, MetadataError, NewTags,
    QuotaExceeded, VolumeBackupRow,
};
use serde_json::json;
use std::ops::Range;
use std::sync::Arc;

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
}

/// Why backups were not taken, and which one it was about.
#[derive(Debug, thiserror::Error)]
#[error("back up volume {volume}")]
pub struct BackupsError {
    /// Its volume.
    pub volume: VolumeUuid,
    /// Why.
    #[source]
    pub source: Box<BackupError>,
}

impl BackupsError {
    fn new(volume: VolumeUuid, source: impl Into<BackupError>) -> Self {
        Self { volume, source: Box::new(source.into()) }
    }
}

/// Why a backup was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The volume's file cannot be opened.
    #[error("open the volume's file")]
    Source(#[source] OpenSourceError),
    /// Metadata refused it.
    #[error(transparent)]
    Begin(#[from] BeginBackupError),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteStateError),
    /// The backup was deleted while it was taken.
    #[error("the backup was deleted while it was taken")]
    Deleted,
    /// With it its account would have more than it may.
    #[error(transparent)]
    Quota(QuotaExceeded),
    /// The parent's root cannot be read.
    #[error("decode the parent's root")]
    Root(#[from] imprint_image_store::DecodeRootError),
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

impl From<Ending> for BackupError {
    fn from(ending: Ending) -> Self {
        Self::Write(ending.into())
    }
}

/// A backup under way.
struct UnderWay {
    request: BackupRequest,
    source: Arc<OpenSource>,
    begun: BegunBackup,
    lease: LeaseUuid,
}

impl Jobs {
    /// Takes a backup and answers it when it is durable and published.
    pub async fn back_up(&self, request: BackupRequest, work: &Work) -> Result<VolumeBackupRow, BackupError> {
        let rows = self.back_up_together(vec![request], None, work).await.map_err(|error| *error.source)?;
        rows.into_iter().next().ok_or(BackupError::Deleted)
    }

    /// Takes backups of several volumes at one point in time onto one storage, all or none, and answers them in the order in
    /// which they were asked for.
    pub async fn back_up_together(
        &self,
        requests: Vec<BackupRequest>,
        group: Option<BackupGroupUuid>,
        work: &Work,
    ) -> Result<Vec<VolumeBackupRow>, BackupsError> {
        let Some(first) = requests.first() else { return Ok(Vec::new()) };
        let (volume, storage) = (first.volume, first.storage);
        let _turn = self.writers_turn(work).await.map_err(|ending| BackupsError::new(volume, ending))?;
        let backups = self.begin_together(requests, group).await?;
        let digests: Vec<_> = backups.iter().map(|backup| backup.request.digest).collect();
        let rows = match self.write_and_commit(&backups, work).await {
            Ok(rows) => rows,
            Err(error) => return Err(self.take_back(&backups, error).await),
        };
        drop(backups);
        work.begin_step("publish the backup", 99..100);
        self.publish(storage).await.map_err(|error| BackupsError::new(volume, error))?;
        work.advance(1, 1);
        for (row, _) in rows.iter().zip(digests).filter(|(_, digest)| *digest) {
            self.digest_later(row, storage);
        }
        Ok(rows)
    }

    /// Opens all sources, then begins all backups.
    async fn begin_together(
        &self,
        requests: Vec<BackupRequest>,
        group: Option<BackupGroupUuid>,
    ) -> Result<Vec<UnderWay>, BackupsError> {
        let volumes: Vec<_> = requests.iter().map(|request| request.volume).collect();
        let Some(first) = volumes.first().copied() else { return Ok(Vec::new()) };
        let opened = tokio::task::spawn_blocking(move || {
            let opened = requests.into_iter().map(|request| match request.source.open() {
                Ok(source) => Ok((request, Arc::new(source))),
                Err(error) => Err(BackupsError::new(request.volume, BackupError::Source(error))),
            });
            opened.collect::<Result<Vec<_>, _>>()
        });
        let opened = opened.await.map_err(|_| BackupsError::new(first, BackupError::Panicked))??;
        let asked: Vec<_> = opened.iter().map(|(request, _)| self.asked(request, group)).collect();
        let leases: Vec<_> = asked.iter().map(|asked| asked.lease.uuid).collect();
        let begun = self
            .0
            .settings
            .metadata
            .begin_backups(asked)
            .await
            .map_err(|error| BackupsError::new(volumes.get(error.nth).copied().unwrap_or(first), error.source))?;
        let backups = opened.into_iter().zip(begun).zip(leases);
        Ok(backups.map(|(((request, source), begun), lease)| UnderWay { request, source, begun, lease }).collect())
    }

    fn asked(&self, request: &BackupRequest, group: Option<BackupGroupUuid>) -> BeginBackup {
        BeginBackup {
            uuid: request.uuid,
            volume: request.volume,
            storage: request.storage,
            name: request.name.clone(),
            description: request.description.clone(),
            full: request.full,
            group,
            account: request.account,
            lease: self.new_lease(request.storage, "backup"),
            tags: request.tags.clone(),
        }
    }

    async fn write_and_commit(&self, backups: &[UnderWay], work: &Work) -> Result<Vec<VolumeBackupRow>, BackupsError> {
        let metadata = &self.0.settings.metadata;
        let mut commits = Vec::with_capacity(backups.len());
        for (nth, backup) in backups.iter().enumerate() {
            let percent = |nth: usize| u8::try_from(nth * 99 / backups.len()).unwrap_or(99);
            let written = self.write_one(backup, percent(nth)..percent(nth + 1), work).await;
            commits.push(written.map_err(|error| BackupsError::new(backup.request.volume, error))?);
        }
        for backup in backups {
            let (size, occupied) = (backup.source.disk.size(), backup.source.occupied);
            let noted = metadata.set_volume_sizes(backup.request.volume, size, occupied).await;
            noted.map_err(|error| BackupsError::new(backup.request.volume, error))?;
        }
        let committed = metadata.commit_backups(commits).await;
        committed.map_err(|error| {
            let error = match error {
                CommitBackupError::LeaseGone => Ending::LeaseGone.into(),
                CommitBackupError::Deleted => BackupError::Deleted,
                CommitBackupError::Quota(exceeded) => BackupError::Quota(exceeded),
                CommitBackupError::Metadata(error) => error.into(),
            };
            BackupsError::new(backups.first().map_or_else(VolumeUuid::random, |it| it.request.volume), error)
        })
    }

    async fn write_one(&self, backup: &UnderWay, share: Range<u8>, work: &Work) -> Result<CommitBackup, BackupError> {
        let UnderWay { request, source, begun, lease } = backup;
        let parent = begun.parent.map(|(_, root)| MapRoot::decode(&root)).transpose()?;
        let gather = begun.ordinal % GATHER_EVERY == GATHER_EVERY - 1;
        let state = NewState {
            storage: request.storage,
            lease: *lease,
            parent,
            owner: request.account,
            consolidation: if gather { Consolidation::CrowdedAndSmall } else { Consolidation::Crowded },
            read_limit: request.read_limit,
        };
        work.begin_step("read the volume", share);
        let content: Arc<dyn Content> = Arc::<OpenSource>::clone(source);
        let written = self.write_state(state, content, work).await?;
        let facts = facts(request, &written, parent.is_some());
        Ok(CommitBackup { uuid: request.uuid, storage: request.storage, lease: *lease, facts })
    }

    /// Takes backups that failed back, and answers why they did.
    async fn take_back(&self, backups: &[UnderWay], error: BackupsError) -> BackupsError {
        let BackupsError { volume, mut source } = error;
        for backup in backups {
            let uuid = backup.request.uuid;
            let lease_gone = matches!(*source, BackupError::Write(WriteStateError::Ended(Ending::LeaseGone)));
            match self.0.settings.metadata.abandon_backup(uuid, backup.lease).await {
                // Whoever deletes it takes its lease away.
                Ok(false) if lease_gone => *source = BackupError::Deleted,
                Ok(_) => {}
                // What failed is reported; a failure to take it back as well is mended at the next start.
                Err(second) => {
                    tracing::warn!(%second, backup = %uuid, "a failed backup could not be taken back yet");
                }
            }
        }
        BackupsError { volume, source }
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
