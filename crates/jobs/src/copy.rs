//! Copies between two storages: a backup whose source is a content of another store.
//!
//! 1. One transaction: leases that pin what is read and, where both storages have one content already, that content in both;
//!    the copy's row.
//! 2. Write what differs from that content; every block is verified as it is read, and every segment durable at the end.
//! 3. One transaction: the root in, the writer's lease out, the catalog record queued.
//! 4. Publish the record.
//!
//! The original stays usable all the time. A failure before 3 takes the copy's row back.

use crate::new_image::{ImageRequest, MakeImageError};
use crate::watch::Ending;
use crate::write_state::{Content, NewState, Runs, WriteStateError};
use crate::{Jobs, PublishError, Work};
use imprint_disk_format::{Disk, Extent, ExtentKind, ReadDiskError};
use imprint_domain::{
    AccountUuid, BLOCK_SIZE, BackupStorageUuid, BlockIndex, EncodedRoot, ImageUuid, LeaseUuid, VolumeBackupUuid,
    VolumeSize, VolumeUuid,
};
use imprint_image_store::{BlockContent, Consolidation, DecodeRootError, MapRoot, ReadError, Reader};
use imprint_metadata::{
    BeginCopyError, BegunStoredCopy, CommitCopy, CommitImageError, CommitStoredCopy, CopyLeases, ImageRow,
    MetadataError, VolumeBackupRow,
};
use std::sync::Arc;

/// Where a copy is read and where it is written.
#[derive(Clone, Debug)]
pub struct CopyRequest {
    /// The storage that is read.
    pub from: BackupStorageUuid,
    /// The storage that is written.
    pub to: BackupStorageUuid,
    /// Whose blocks these are.
    pub account: AccountUuid,
    /// How long it may take, and how far it has come.
    pub work: Work,
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyContentError {
    /// Metadata refused it.
    #[error(transparent)]
    Begin(#[from] BeginCopyError),
    /// The store that it is read from is not open.
    #[error("the storage is not connected")]
    NotConnected,
    /// It could not be read or written.
    #[error(transparent)]
    Write(#[from] WriteStateError),
    /// A new image of it could not be made.
    #[error(transparent)]
    Image(#[from] MakeImageError),
    /// It was deleted meanwhile.
    #[error("it was deleted while it was copied")]
    Deleted,
    /// A root cannot be read.
    #[error("decode the root")]
    Root(#[from] DecodeRootError),
    /// The record could not be published; the copy is made and is published later.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<Ending> for CopyContentError {
    fn from(ending: Ending) -> Self {
        Self::Write(ending.into())
    }
}

impl From<CommitImageError> for CopyContentError {
    fn from(error: CommitImageError) -> Self {
        match error {
            CommitImageError::LeaseGone => Ending::LeaseGone.into(),
            CommitImageError::Deleted => Self::Deleted,
            CommitImageError::Quota(exceeded) => Self::Image(MakeImageError::Quota(exceeded)),
            CommitImageError::Metadata(error) => error.into(),
        }
    }
}

/// A content of a store, as something that can be written into another one.
struct Stored {
    reader: Reader,
    root: MapRoot,
    base: Option<MapRoot>,
}

impl Content for Stored {
    fn disk(&self) -> &dyn Disk {
        self
    }

    fn runs(&self) -> Runs<'_> {
        match self.reader.changed_runs(&self.root, self.base.as_ref()) {
            Ok(runs) => Box::new(runs.map(|run| run.map_err(Into::into))),
            Err(error) => Box::new(std::iter::once(Err(error.into()))),
        }
    }
}

impl Disk for Stored {
    fn size(&self) -> u64 {
        self.root.size().bytes()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), ReadDiskError> {
        self.reader.read_at(&self.root, offset, buf).map_err(|error| unreadable(offset, error))
    }

    fn extent_at(&self, offset: u64) -> Result<Extent, ReadDiskError> {
        let size = self.size();
        let runs = self.reader.block_runs(&self.root, BlockIndex(offset / BLOCK_SIZE));
        let run = runs.map_err(|error| unreadable(offset, error))?.next();
        let run = run.ok_or(ReadDiskError::OutOfRange { offset, len: 0, size })?;
        let run = run.map_err(|error| unreadable(offset, error))?;
        let end = run.blocks.end.saturating_mul(BLOCK_SIZE).min(size);
        let kind = if run.content == BlockContent::Data { ExtentKind::Data } else { ExtentKind::Zero };
        Ok(Extent { range: offset..end, kind })
    }

    fn check_unchanged(&self) -> Result<(), ReadDiskError> {
        // What is stored never changes.
        Ok(())
    }
}

/// The store's own failure in the words of a disk; the writer's end finds it again.
fn unreadable(offset: u64, error: ReadError) -> ReadDiskError {
    ReadDiskError::Read { offset, source: std::io::Error::other(error) }
}

impl Jobs {
    /// Copies a backup onto another storage. One that is there already is answered as it is.
    pub async fn copy_backup(
        &self,
        backup: VolumeBackupUuid,
        request: CopyRequest,
    ) -> Result<VolumeBackupRow, CopyContentError> {
        let _turn = self.writers_turn(&request.work).await?;
        let (leases, uuids) = self.copy_leases(&request);
        let begun = self.0.settings.metadata.begin_backup_copy(backup, leases).await?;
        let copied = async {
            let commit = self.write_copy(&request, &begun, uuids[2]).await?;
            Ok(self.0.settings.metadata.commit_backup_copy(backup, commit).await?)
        };
        let copied = copied.await;
        self.end_copy(&request, uuids, copied).await
    }

    /// Copies an image onto another storage as well.
    pub async fn copy_image(&self, image: ImageUuid, request: CopyRequest) -> Result<ImageRow, CopyContentError> {
        let _turn = self.writers_turn(&request.work).await?;
        let store = self.writable_store(request.to).await?;
        let (leases, uuids) = self.copy_leases(&request);
        let empty = MapRoot::zero(store.uuid(), VolumeSize::ZERO).encode();
        let begun = self.0.settings.metadata.begin_image_copy(image, leases, empty).await?;
        let copied = async {
            let commit = self.write_copy(&request, &begun, uuids[2]).await?;
            Ok(self.0.settings.metadata.commit_image_copy(image, commit).await?)
        };
        let copied = copied.await;
        self.end_copy(&request, uuids, copied).await
    }

    /// Makes a new image on `copy.to` of a content that lies on `copy.from`.
    pub async fn image_of_content(
        &self,
        request: ImageRequest,
        content: EncodedRoot,
        volume: Option<VolumeUuid>,
        copy: CopyRequest,
    ) -> Result<ImageRow, CopyContentError> {
        let _turn = self.writers_turn(&copy.work).await?;
        let (leases, uuids) = self.copy_leases(&copy);
        let metadata = &self.0.settings.metadata;
        let begun = metadata.pin_for_copy(content, volume, leases).await?;
        let made = async {
            let stored = self.stored(&copy, &begun).await?;
            let parent = begun.base.map(|(_, there)| there);
            let image = self.begin_image(request.image, &request.storages, parent).await?;
            let made = self.fill_image(&image, Arc::new(stored), None, &copy.work, 0..99).await;
            Ok(self.end_image(&image, made, &copy.work).await?)
        };
        let made: Result<_, CopyContentError> = made.await;
        for lease in uuids {
            metadata.release_lease(lease).await?;
        }
        made
    }

    /// The leases of a copy, and their ids in the same order: what is read, the base, what is written.
    fn copy_leases(&self, request: &CopyRequest) -> (CopyLeases, [LeaseUuid; 3]) {
        let leases = CopyLeases {
            from: self.new_lease(request.from, "copy"),
            base: self.new_lease(request.from, "copy"),
            to: self.new_lease(request.to, "copy"),
        };
        let uuids = [leases.from.uuid, leases.base.uuid, leases.to.uuid];
        (leases, uuids)
    }

    async fn stored(&self, request: &CopyRequest, begun: &BegunStoredCopy) -> Result<Stored, CopyContentError> {
        let store = self.store(request.from).await?.ok_or(CopyContentError::NotConnected)?;
        let root = MapRoot::decode(&begun.from)?;
        let base = begun.base.map(|(here, _)| MapRoot::decode(&here)).transpose()?;
        Ok(Stored { reader: store.reader().clone(), root, base })
    }

    async fn write_copy(
        &self,
        request: &CopyRequest,
        begun: &BegunStoredCopy,
        lease: LeaseUuid,
    ) -> Result<CommitStoredCopy, CopyContentError> {
        let content = Arc::new(self.stored(request, begun).await?);
        let state = NewState {
            storage: request.to,
            lease,
            parent: begun.base.map(|(_, there)| MapRoot::decode(&there)).transpose()?,
            owner: request.account,
            consolidation: Consolidation::Crowded,
            read_limit: None,
        };
        request.work.begin_step("copy what differs", 0..99);
        let written = self.write_state(state, content, &request.work).await?;
        let to = CommitCopy { storage: request.to, lease, root: written.root.encode() };
        Ok(CommitStoredCopy { from: begun.from, to })
    }

    /// Publishes a copy that was made, or takes back one that was not.
    async fn end_copy<T>(
        &self,
        request: &CopyRequest,
        [from, base, to]: [LeaseUuid; 3],
        copied: Result<T, CopyContentError>,
    ) -> Result<T, CopyContentError> {
        let metadata = &self.0.settings.metadata;
        match copied {
            Ok(copied) => {
                request.work.begin_step("publish the copy", 99..100);
                self.publish(request.to).await?;
                request.work.advance(1, 1);
                for lease in [from, base] {
                    metadata.release_lease(lease).await?;
                }
                Ok(copied)
            }
            Err(error) => {
                let abandoned = metadata.abandon_copy(vec![from, base, to]).await;
                // What failed is reported; a failure to take it back as well is mended at the next start.
                if let Err(second) = &abandoned {
                    tracing::warn!(%second, "a failed copy could not be taken back yet");
                }
                Err(match (error, abandoned) {
                    // Whoever deletes it takes its lease away.
                    (CopyContentError::Write(WriteStateError::Ended(Ending::LeaseGone)), Ok(false)) => {
                        CopyContentError::Deleted
                    }
                    (error, _) => error,
                })
            }
        }
    }
}
