//! Images that clients upload. The client asks where to continue, and sends what is missing, in as many requests as it
//! likes; when all of it is there, the image is written into its storages.
//!
//! What has arrived lies in a file without a name, and what is known of it here: a server that ends forgets its uploads, and
//! the images that waited for them are taken back at the next start.

use crate::added_image::open_fetched;
use crate::fetch::{FetchError, in_background};
use crate::incoming_file::IncomingFile;
use crate::new_image::{BegunImage, ImageRequest, MakeImageError};
use crate::watch::Ending;
use crate::{Jobs, Work};
use bytes::Bytes;
use imprint_domain::{AccountUuid, ImageFormat, ImageUuid, JobUuid, MediaType};
use imprint_metadata::{ImageRow, MetadataError};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::OwnedMutexGuard;

/// Uploads at once, each with a file that is open.
const MOST_UPLOADS: usize = 64;

/// An upload of which nothing arrives for so long is given up; the end of one is remembered for so long.
const PATIENCE: Duration = Duration::from_hours(24);

/// Bytes that are gathered before they are written.
const WRITE_LEN: usize = 1 << 20;

/// The uploads of this server, by the secret that names each.
#[derive(Default)]
pub(crate) struct Uploads(Mutex<HashMap<String, Arc<Upload>>>);

/// One upload.
struct Upload {
    job: JobUuid,
    begun: BegunImage,
    declared: (ImageFormat, MediaType),
    url: String,
    work: Work,
    seen: Mutex<Seen>,
    /// Held by who sends.
    arriving: Arc<tokio::sync::Mutex<Option<Arriving>>>,
}

/// What others may see of an upload while somebody sends.
#[derive(Clone, Debug)]
struct Seen {
    progress: UploadProgress,
    used: Instant,
}

/// What has arrived.
struct Arriving {
    file: IncomingFile,
    hash: Sha256,
    total: Option<u64>,
}

/// How far an upload has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadProgress {
    /// Bytes that are there: where to continue.
    pub offset: u64,
    /// Bytes that there will be, once a request has said so.
    pub total: Option<u64>,
    /// What becomes of it.
    pub state: UploadState,
}

/// Where an upload stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadState {
    /// Bytes are missing.
    Receiving,
    /// All are there; they are written into the image's storages.
    Writing,
    /// The image is Ready.
    Ready,
    /// There will be no image.
    Failed {
        /// Why.
        reason: String,
    },
}

/// An upload as the owner of its image sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadDetails {
    /// The call that it was begun by.
    pub job: JobUuid,
    /// Whose image it is.
    pub account: AccountUuid,
    /// Where the bytes are sent to.
    pub url: String,
    /// How far it has come.
    pub progress: UploadProgress,
}

/// Why bytes of an upload were not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Another request sends.
    #[error("another request is sending this file")]
    Busy,
    /// All of it is there already.
    #[error("the file is there already")]
    Complete,
    /// The bytes do not follow those that are there.
    #[error("the next byte that is missing is {offset}")]
    Offset {
        /// Where to continue.
        offset: u64,
    },
    /// The total is not the one that was said before, or less than what is there.
    #[error("the file was said to have {expected} bytes")]
    Total {
        /// What was said before.
        expected: u64,
    },
    /// More bytes came than were announced.
    #[error("more bytes came than the {total} that the file has")]
    TooMany {
        /// What was announced.
        total: u64,
    },
    /// The whole is not what the client meant to send. What was there is dropped: it can be sent again from the start.
    #[error("the file's SHA-256 is {found}, not {expected}; send it again from byte 0")]
    Digest {
        /// What the client said.
        expected: String,
        /// What arrived.
        found: String,
    },
    /// The bytes cannot be kept.
    #[error(transparent)]
    File(#[from] FetchError),
}

/// Takes the bytes of one request. To be used by a task that nobody drops in between: what is dropped while it writes takes
/// the upload with it.
pub struct UploadWriter {
    jobs: Jobs,
    upload: Arc<Upload>,
    arriving: OwnedMutexGuard<Option<Arriving>>,
    gathered: Vec<u8>,
}

impl std::fmt::Debug for UploadWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadWriter").field("image", &self.upload.begun.uuid).finish_non_exhaustive()
    }
}

impl Upload {
    fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self, change: impl FnOnce(&mut UploadProgress)) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut seen.progress);
        seen.used = Instant::now();
    }
}

impl Uploads {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Upload>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Jobs {
    /// Begins an image whose file a client will send to `url`, which holds `token`, and answers it as it is: Downloading.
    /// `None`: as many uploads wait as may.
    pub async fn begin_upload(
        &self,
        request: ImageRequest,
        job: JobUuid,
        token: String,
        url: String,
    ) -> Result<Option<ImageRow>, MakeImageError> {
        let uploads = &self.0.uploads;
        if uploads.all().len() >= MOST_UPLOADS {
            return Ok(None);
        }
        let file = self.incoming_file().await?;
        let (uuid, declared) = (request.image.uuid, (request.image.format, request.image.media_type));
        let begun = self.begin_image(request.image, &request.storages, url.clone()).await?;
        let progress = UploadProgress { offset: 0, total: None, state: UploadState::Receiving };
        let arriving = Arriving { file, hash: Sha256::new(), total: None };
        let upload = Upload {
            job,
            begun,
            declared,
            url,
            // The call ends now: neither its deadline nor its cancellation concerns what follows.
            work: Work::default(),
            seen: Mutex::new(Seen { progress, used: Instant::now() }),
            arriving: Arc::new(tokio::sync::Mutex::new(Some(arriving))),
        };
        uploads.all().insert(token, Arc::new(upload));
        self.0.settings.metadata.image(uuid).await?.ok_or(MakeImageError::Deleted).map(Some)
    }

    /// How far the upload of that token has come; `None` when there is none.
    pub async fn upload_progress(&self, token: &str) -> Result<Option<UploadProgress>, MetadataError> {
        Ok(self.living_upload(token).await?.map(|upload| upload.seen().progress))
    }

    /// The upload of an image; `None` when there is none here.
    pub fn upload_of(&self, image: ImageUuid) -> Option<UploadDetails> {
        let found = self.0.uploads.all().values().find(|upload| upload.begun.uuid == image).cloned()?;
        Some(UploadDetails {
            job: found.job,
            account: found.begun.account,
            url: found.url.clone(),
            progress: found.seen().progress,
        })
    }

    /// Takes bytes for the upload of that token, from `offset` on; `total`: what the whole has, if the client says so.
    /// `None` when there is no such upload.
    pub async fn continue_upload(
        &self,
        token: &str,
        offset: u64,
        total: Option<u64>,
    ) -> Result<Option<Result<UploadWriter, UploadError>>, MetadataError> {
        let Some(upload) = self.living_upload(token).await? else { return Ok(None) };
        let Ok(arriving) = Arc::clone(&upload.arriving).try_lock_owned() else {
            return Ok(Some(Err(UploadError::Busy)));
        };
        let mut writer = UploadWriter { jobs: self.clone(), upload, arriving, gathered: Vec::new() };
        Ok(Some(writer.begin(offset, total).map(|()| writer)))
    }

    /// An upload whose image has not been deleted meanwhile.
    async fn living_upload(&self, token: &str) -> Result<Option<Arc<Upload>>, MetadataError> {
        let Some(upload) = self.0.uploads.all().get(token).cloned() else { return Ok(None) };
        if upload.seen().progress.state == UploadState::Receiving && !self.holds_leases(&upload.begun).await? {
            self.0.uploads.all().remove(token);
            return Ok(None);
        }
        Ok(Some(upload))
    }

    async fn holds_leases(&self, begun: &BegunImage) -> Result<bool, MetadataError> {
        for copy in &begun.copies {
            if !self.0.settings.metadata.has_lease(copy.lease).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives up uploads of which nothing has arrived for long, and forgets those that ended long ago.
    pub(crate) async fn sweep_uploads(&self) {
        let old: Vec<_> = {
            let uploads = self.0.uploads.all();
            uploads
                .iter()
                .filter(|(_, upload)| upload.seen().used.elapsed() > PATIENCE)
                .map(|(token, upload)| (token.clone(), Arc::clone(upload)))
                .collect()
        };
        for (token, upload) in old {
            match upload.seen().progress.state {
                UploadState::Writing => continue,
                UploadState::Receiving => {
                    let given_up = Err(MakeImageError::Ended(Ending::TimedOut));
                    let _ = self.end_image(&upload.begun, given_up, &upload.work).await;
                    tracing::info!(image = %upload.begun.uuid, "an upload of which nothing arrived any more was given up");
                }
                UploadState::Ready | UploadState::Failed { .. } => {}
            }
            self.0.uploads.all().remove(&token);
        }
    }

    /// Writes an upload that is whole into its storages.
    async fn write_upload(self, upload: Arc<Upload>, arriving: Arriving) {
        let work = &upload.work;
        let made = async {
            let (file, found) = open_fetched(arriving.file, upload.declared).await.map_err(MakeImageError::File)?;
            let _turn = self.writers_turn(work).await?;
            self.fill_image(&upload.begun, Arc::new(file), found, work, 0..99).await
        };
        let made = made.await;
        match self.end_image(&upload.begun, made, work).await {
            Ok(_) => upload.show(|progress| progress.state = UploadState::Ready),
            Err(error) => {
                let reason = chain(&error);
                tracing::warn!(image = %upload.begun.uuid, reason, "an uploaded image could not be made");
                upload.show(|progress| progress.state = UploadState::Failed { reason });
            }
        }
    }
}

impl UploadWriter {
    fn begin(&mut self, offset: u64, total: Option<u64>) -> Result<(), UploadError> {
        let arriving = self.arriving.as_mut().ok_or(UploadError::Complete)?;
        if offset != arriving.file.len() {
            return Err(UploadError::Offset { offset: arriving.file.len() });
        }
        if let (Some(known), Some(_)) = (arriving.total, total.filter(|total| Some(*total) != arriving.total)) {
            return Err(UploadError::Total { expected: known });
        }
        if let Some(total) = total {
            if total < offset {
                return Err(UploadError::Total { expected: offset });
            }
            arriving.file.expect(total).map_err(FetchError::from)?;
            arriving.total = Some(total);
            self.upload.show(|progress| progress.total = Some(total));
        }
        Ok(())
    }

    /// Adds bytes.
    pub async fn append(&mut self, bytes: Bytes) -> Result<(), UploadError> {
        self.gathered.extend_from_slice(&bytes);
        if self.gathered.len() >= WRITE_LEN { self.flush().await } else { Ok(()) }
    }

    /// Ends the request, whose bytes may have been cut short, and answers how far the upload has come. Once all bytes are
    /// there and are what the client meant, the image is made in the background.
    pub async fn end(mut self, sha256: Option<[u8; 32]>) -> Result<UploadProgress, UploadError> {
        self.flush().await?;
        let Some(arriving) = self.arriving.as_mut() else { return Err(UploadError::Complete) };
        if arriving.total != Some(arriving.file.len()) {
            return Ok(self.upload.seen().progress);
        }
        let found: [u8; 32] = std::mem::take(&mut arriving.hash).finalize().into();
        if let Some(expected) = sha256.filter(|expected| *expected != found) {
            arriving.total = None;
            self.change(IncomingFile::clear).await?;
            self.upload.show(|progress| (progress.offset, progress.total) = (0, None));
            return Err(UploadError::Digest { expected: hex::encode(expected), found: hex::encode(found) });
        }
        if let Some(arriving) = self.arriving.take() {
            self.upload.show(|progress| progress.state = UploadState::Writing);
            tokio::spawn(self.jobs.clone().write_upload(Arc::clone(&self.upload), arriving));
        }
        Ok(self.upload.seen().progress)
    }

    async fn flush(&mut self) -> Result<(), UploadError> {
        let bytes = std::mem::take(&mut self.gathered);
        let Some(arriving) = self.arriving.as_mut().filter(|_| !bytes.is_empty()) else { return Ok(()) };
        if let Some(total) = arriving.total.filter(|total| arriving.file.len() + bytes.len() as u64 > *total) {
            return Err(UploadError::TooMany { total });
        }
        arriving.hash.update(&bytes);
        self.change(move |file| file.append(&bytes)).await?;
        let offset = self.arriving.as_ref().map_or(0, |arriving| arriving.file.len());
        self.upload.show(|progress| progress.offset = offset);
        Ok(())
    }

    /// Changes the file on a thread that may block. After a failure nobody knows what is in it: the upload is over.
    async fn change(
        &mut self,
        work: impl FnOnce(&mut IncomingFile) -> Result<(), crate::IncomingFileError> + Send + 'static,
    ) -> Result<(), UploadError> {
        let Some(Arriving { file, hash, total }) = self.arriving.take() else { return Err(UploadError::Complete) };
        match in_background(file, work).await {
            Ok(file) => {
                *self.arriving = Some(Arriving { file, hash, total });
                Ok(())
            }
            Err(error) => {
                let reason = chain(&error);
                let failed = Err(MakeImageError::Ended(Ending::Cancelled));
                let _ = self.jobs.end_image(&self.upload.begun, failed, &self.upload.work).await;
                self.upload.show(|progress| progress.state = UploadState::Failed { reason });
                Err(error.into())
            }
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Transparent errors repeat their cause's text.
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
