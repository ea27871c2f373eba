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

use crate::source::{OpenSource, OpenSourceError, Source};
use crate::watch::Ending;
use crate::write_state::{NewState, WriteStateError};
use crate::{Jobs, PublishError, Work};
use imprint_domain::{AccountUuid, BackupStorageUuid, LeaseUuid, VolumeBackupUuid, VolumeUuid};
use imprint_image_store::{Consolidation, MapRoot, Written};
use imprint_metadata::{
    BackupFacts, BeginBackup, BeginBackupError, BegunBackup, CommitBackup, CommitBackupError, MetadataError, NewTags,
    VolumeBackupRow,
};
use serde_json::json;
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
    /// How long it may take, and how far it has come.
    pub work: Work,
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

impl Jobs {
    /// Takes a backup and answers it when it is durable and published.
    pub async fn back_up(&self, request: BackupRequest) -> Result<VolumeBackupRow, BackupError> {
        let _turn = self.writers_turn(&request.work).await?;
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
                    (BackupError::Write(WriteStateError::Ended(Ending::LeaseGone)), Ok(false)) => BackupError::Deleted,
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
        let parent = begun.parent.map(|(_, root)| MapRoot::decode(&root)).transpose()?;
        let gather = begun.ordinal % GATHER_EVERY == GATHER_EVERY - 1;
        let state = NewState {
            storage: request.storage,
            lease,
            parent,
            owner: request.account,
            consolidation: if gather { Consolidation::CrowdedAndSmall } else { Consolidation::Crowded },
            read_limit: request.read_limit,
        };
        let (size, occupied) = (source.disk.size(), source.occupied);
        request.work.begin_step("read the volume", 0..99);
        let written = self.write_state(state, Arc::new(source), &request.work).await?;
        let metadata = &self.0.settings.metadata;
        metadata.set_volume_sizes(request.volume, size, occupied).await?;
        let commit = CommitBackup {
            uuid: request.uuid,
            storage: request.storage,
            lease,
            facts: facts(request, &written, parent.is_some()),
        };
        metadata.commit_backup(commit).await.map_err(|error| match error {
            CommitBackupError::LeaseGone => Ending::LeaseGone.into(),
            CommitBackupError::Deleted => BackupError::Deleted,
            CommitBackupError::Metadata(error) => error.into(),
        })
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
