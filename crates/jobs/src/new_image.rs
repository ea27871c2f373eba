//! Making an image whose content has yet to be written.
//!
//! 1. One transaction: a lease for each storage, the parents, the rows.
//! 2. Write the content into one storage after the other; every segment is durable at the end.
//! 3. One transaction: the roots in, the leases out, the catalog records queued.
//! 4. Publish the records. Only now is the image acknowledged.
//!
//! A failure before 3, in whichever storage, takes the rows back; what was written is left for collection. A server that
//! dies before 3 has its rows taken back at the next start.

use crate::fetch::FetchError;
use crate::image_file::OpenImageFileError;
use crate::source::{OpenSourceError, Source};
use crate::watch::Ending;
use crate::write_state::{Content, NewState, WriteStateError};
use crate::{Jobs, PublishError, Work};
use imprint_domain::{
    AccountUuid, BackupStorageUuid, EncodedRoot, ImageFormat, ImageUuid, LeaseUuid, MediaType, VolumeSize,
};
use imprint_image_store::{Consolidation, DecodeRootError, MapRoot};
use imprint_metadata::{
    BeginCopy, BeginImage, BeginImageError, CommitCopy, CommitImage, CommitImageError, ImageRow, MetadataError,
    NewLease, QuotaExceeded,
};
use std::ops::Range;
use std::sync::Arc;

/// An image that is asked for.
#[derive(Clone, Debug)]
pub struct ImageRequest {
    /// What it is; its copies follow from the storages.
    pub image: BeginImage,
    /// Where it goes, each storage once.
    pub storages: Vec<BackupStorageUuid>,
    /// How long it may take, and how far it has come.
    pub work: Work,
}

/// Why an image was not made.
#[derive(Debug, thiserror::Error)]
pub enum MakeImageError {
    /// The volume's file cannot be opened.
    #[error("open the volume's file")]
    Source(#[source] OpenSourceError),
    /// The image's file cannot be fetched.
    #[error("fetch the image")]
    Fetch(#[source] FetchError),
    /// The image's file cannot be read.
    #[error("read the image's file")]
    File(#[source] OpenImageFileError),
    /// Metadata refused it.
    #[error(transparent)]
    Begin(#[from] BeginImageError),
    /// It could not be written into one of its storages.
    #[error("write the image into storage {storage}")]
    Write {
        /// The storage.
        storage: BackupStorageUuid,
        /// Why.
        #[source]
        error: WriteStateError,
    },
    /// It had to end early.
    #[error(transparent)]
    Ended(Ending),
    /// The image was deleted while it was made.
    #[error("the image was deleted while it was made")]
    Deleted,
    /// With it its account would have more than it may.
    #[error(transparent)]
    Quota(QuotaExceeded),
    /// A parent's root cannot be read.
    #[error("decode the parent's root")]
    Root(#[from] DecodeRootError),
    /// A thread of ours panicked.
    #[error("an image thread panicked")]
    Panicked,
    /// The record could not be published; the image is made and is published later.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<Ending> for MakeImageError {
    fn from(ending: Ending) -> Self {
        Self::Ended(ending)
    }
}

/// An image that was begun. It holds a lease for each of its copies.
#[derive(Clone, Debug)]
pub(crate) struct BegunImage {
    pub(crate) uuid: ImageUuid,
    pub(crate) account: AccountUuid,
    pub(crate) copies: Vec<BegunCopy>,
}

/// One copy of an image that was begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BegunCopy {
    pub(crate) storage: BackupStorageUuid,
    pub(crate) lease: LeaseUuid,
    pub(crate) parent: Option<MapRoot>,
}

/// What an image's content was found to be, where that is not what was said.
pub(crate) type Found = Option<(ImageFormat, MediaType)>;

impl Jobs {
    /// Makes an image of what a volume holds now: a backup and a template in one. Of each storage's newest backup of the
    /// volume only what has changed since is stored.
    pub async fn image_of_volume(&self, request: ImageRequest, source: Source) -> Result<ImageRow, MakeImageError> {
        let work = request.work.clone();
        let _turn = self.writers_turn(&work).await?;
        let source = tokio::task::spawn_blocking(move || source.open()).await.map_err(|_| MakeImageError::Panicked)?;
        let source = Arc::new(source.map_err(MakeImageError::Source)?);
        let begun = self.begin_image(request.image, &request.storages, None).await?;
        let made = self.fill_image(&begun, source, None, &work, 0..99).await;
        self.end_image(&begun, made, &work).await
    }

    /// Takes the leases and makes the rows; `parent` is one that is known already.
    pub(crate) async fn begin_image(
        &self,
        mut image: BeginImage,
        storages: &[BackupStorageUuid],
        parent: Option<EncodedRoot>,
    ) -> Result<BegunImage, MakeImageError> {
        let (uuid, account) = (image.uuid, image.account);
        for storage in storages {
            let store = self.writable_store(*storage).await;
            let store = store.map_err(|error| MakeImageError::Write { storage: *storage, error })?;
            let empty = MapRoot::zero(store.uuid(), VolumeSize::ZERO).encode();
            let lease = NewLease { pinned_root: parent, ..self.new_lease(*storage, "image") };
            image.copies.push(BeginCopy { lease, empty });
        }
        let leases: Vec<_> = image.copies.iter().map(|copy| (copy.lease.storage, copy.lease.uuid)).collect();
        let parents = self.0.settings.metadata.begin_image(image).await?;
        let copies = leases.iter().zip(parents).map(|((storage, lease), parent)| {
            let parent = parent.map(|root| MapRoot::decode(&root)).transpose()?;
            Ok::<_, DecodeRootError>(BegunCopy { storage: *storage, lease: *lease, parent })
        });
        match copies.collect() {
            Ok(copies) => Ok(BegunImage { uuid, account, copies }),
            Err(error) => {
                let leases = leases.into_iter().map(|(_, lease)| lease).collect();
                self.0.settings.metadata.abandon_image(uuid, leases).await?;
                Err(error.into())
            }
        }
    }

    /// Writes the content into every storage and makes the image Ready. `share`: the percents of the work that it is.
    pub(crate) async fn fill_image(
        &self,
        begun: &BegunImage,
        content: Arc<dyn Content>,
        found: Found,
        work: &Work,
        share: Range<u8>,
    ) -> Result<ImageRow, MakeImageError> {
        let (mut copies, mut size, mut actual_size) = (Vec::with_capacity(begun.copies.len()), 0, 0);
        let percent_of = |nth: usize| {
            let len = usize::from(share.end.saturating_sub(share.start));
            share.start.saturating_add(u8::try_from(len * nth / begun.copies.len().max(1)).unwrap_or(0))
        };
        for (nth, copy) in begun.copies.iter().enumerate() {
            let storage = copy.storage;
            let state = NewState {
                storage,
                lease: copy.lease,
                parent: copy.parent,
                owner: begun.account,
                consolidation: Consolidation::Crowded,
                read_limit: None,
            };
            work.begin_step("write the image into its storage", percent_of(nth)..percent_of(nth + 1));
            let written = self.write_state(state, Arc::clone(&content), work).await;
            let written = written.map_err(|error| match error {
                WriteStateError::Ended(ending) => MakeImageError::Ended(ending),
                error => MakeImageError::Write { storage, error },
            })?;
            (size, actual_size) = (written.root.size().bytes(), written.root.data_bytes());
            copies.push(CommitCopy { storage, lease: copy.lease, root: written.root.encode() });
        }
        let commit = CommitImage { uuid: begun.uuid, copies, size, actual_size, found };
        self.0.settings.metadata.commit_image(commit).await.map_err(|error| match error {
            CommitImageError::LeaseGone => MakeImageError::Ended(Ending::LeaseGone),
            CommitImageError::Deleted => MakeImageError::Deleted,
            CommitImageError::Quota(exceeded) => MakeImageError::Quota(exceeded),
            CommitImageError::Metadata(error) => error.into(),
        })
    }

    /// Publishes an image that was made, or takes back one that was not.
    pub(crate) async fn end_image(
        &self,
        begun: &BegunImage,
        made: Result<ImageRow, MakeImageError>,
        work: &Work,
    ) -> Result<ImageRow, MakeImageError> {
        let row = match made {
            Ok(row) => row,
            Err(error) => {
                let leases = begun.copies.iter().map(|copy| copy.lease).collect();
                let abandoned = self.0.settings.metadata.abandon_image(begun.uuid, leases).await;
                // What failed is reported; a failure to take it back as well is mended at the next start.
                if let Err(second) = &abandoned {
                    tracing::warn!(%second, image = %begun.uuid, "a failed image could not be taken back yet");
                }
                return Err(match (error, abandoned) {
                    // Whoever deletes it takes its leases away.
                    (MakeImageError::Ended(Ending::LeaseGone), Ok(false)) => MakeImageError::Deleted,
                    (error, _) => error,
                });
            }
        };
        work.begin_step("publish the image", 99..100);
        for copy in &begun.copies {
            self.publish(copy.storage).await?;
        }
        work.advance(1, 1);
        self.image_made();
        Ok(row)
    }
}
