//! Images that clients upload. The client asks where to continue, and sends what is missing, in as many requests as it
//! likes; when all of it is there, the image is written into its storages.
//!
//! What has arrived lies in a file without a name, and what is known of it here: a server that ends forgets its uploads, and
//! the images that waited for them are taken back at the next start.
//!
//! The link that the file is sent to holds a token, and whoever has it may send. It is kept here and nowhere else. It belongs
//! to the owner of the image: when the image is given to another account the link is another one, too.

mod places;
#[cfg(test)]
mod tests;
mod writer;

pub use writer::UploadWriter;

use crate::added_image::open_fetched;
use crate::fetch::FetchError;
use crate::incoming_file::IncomingFile;
use crate::new_image::{BegunImage, ImageRequest, MakeImageError};
use crate::watch::Ending;
use crate::{Jobs, Work};
use imprint_domain::{AccountUuid, Clock, ImageFormat, ImageUuid, JobUuid, MediaType, Timestamp, random_token};
use imprint_metadata::{ImageRow, MetadataError};
use places::{Place, Places};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// An upload of which nothing arrives for so many seconds is given up; the end of one is remembered for so long.
const PATIENCE_SECONDS: i64 = 24 * 3600;

/// Ends of uploads that are remembered at most, the last ones.
const MOST_ENDED: usize = 256;

/// The uploads of this server.
#[derive(Default)]
pub(crate) struct Uploads {
    places: Places,
    by_token: Mutex<HashMap<String, Known>>,
}

/// An upload, and whom its token was made for.
#[derive(Clone)]
struct Known {
    owner: AccountUuid,
    upload: Arc<Upload>,
}

/// One upload.
struct Upload {
    job: JobUuid,
    begun: BegunImage,
    declared: (ImageFormat, MediaType),
    /// What stands before the token in the link.
    base: String,
    /// Cancelled when the upload is over before it has ended.
    work: Work,
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
    /// Held by who sends.
    arriving: Arc<tokio::sync::Mutex<Option<Arriving>>>,
}

/// What others may see of an upload while somebody sends.
#[derive(Clone, Debug)]
struct Seen {
    progress: UploadProgress,
    used: Timestamp,
}

/// What has arrived.
struct Arriving {
    file: IncomingFile,
    hash: Sha256,
    total: Option<u64>,
    place: Place,
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
    /// The image was deleted meanwhile, or nothing had arrived for too long.
    #[error("this upload has ended")]
    Ended,
    /// The bytes cannot be kept.
    #[error(transparent)]
    File(#[from] FetchError),
}

impl Upload {
    fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self, change: impl FnOnce(&mut UploadProgress)) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut seen.progress);
        seen.used = self.clock.now();
    }

    fn has_ended(&self) -> bool {
        matches!(self.seen().progress.state, UploadState::Ready | UploadState::Failed { .. })
    }
}

impl Known {
    fn details(&self, token: &str) -> UploadDetails {
        UploadDetails {
            job: self.upload.job,
            account: self.owner,
            url: format!("{}{token}", self.upload.base),
            progress: self.upload.seen().progress,
        }
    }
}

impl Uploads {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.by_token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one. An earlier one of an image of the same id is over, and the oldest ends are forgotten if there are too many.
    fn add(&self, upload: Upload) {
        let mut all = self.all();
        let earlier = all.extract_if(|_, known| known.upload.begun.uuid == upload.begun.uuid);
        earlier.for_each(|(_, known)| known.upload.work.cancel());
        let mut ended: Vec<_> = all
            .iter()
            .filter(|(_, known)| known.upload.has_ended())
            .map(|(token, known)| (known.upload.seen().used, token.clone()))
            .collect();
        ended.sort();
        for (_, token) in ended.iter().take(ended.len().saturating_sub(MOST_ENDED)) {
            all.remove(token);
        }
        all.insert(random_token(), Known { owner: upload.begun.account, upload: Arc::new(upload) });
    }

    /// The upload of an image, and its token. Its link is made anew if it was made for another account than `owner`, who
    /// owns the image now: who owned it before must not send it any more.
    fn of_image(&self, image: ImageUuid, owner: Option<AccountUuid>) -> Option<(String, Known)> {
        let mut all = self.all();
        let token = all.iter().find(|(_, known)| known.upload.begun.uuid == image)?.0.clone();
        let known = all.get(&token)?.clone();
        let Some(owner) = owner.filter(|owner| *owner != known.owner) else { return Some((token, known)) };
        all.remove(&token);
        let (token, known) = (random_token(), Known { owner, ..known });
        all.insert(token.clone(), known.clone());
        Some((token, known))
    }

    /// Forgets an upload. What it holds goes as soon as nobody is in the middle of something with it.
    fn end(&self, token: &str) {
        if let Some(known) = self.all().remove(token) {
            known.upload.work.cancel();
        }
    }
}

impl Jobs {
    /// Begins an image whose file a client will send to a link that begins with `base`, and answers it as it is: Downloading.
    /// `None`: as many uploads wait as may, of all accounts or of this one.
    pub async fn begin_upload(
        &self,
        request: ImageRequest,
        job: JobUuid,
        base: String,
    ) -> Result<Option<ImageRow>, MakeImageError> {
        let uploads = &self.0.uploads;
        let Some(place) = uploads.places.take(request.image.account) else { return Ok(None) };
        let file = self.incoming_file().await?;
        let (uuid, declared) = (request.image.uuid, (request.image.format, request.image.media_type));
        let begun = self.begin_image(request.image, &request.storages, None).await?;
        let clock = Arc::clone(&self.0.settings.clock);
        let progress = UploadProgress { offset: 0, total: None, state: UploadState::Receiving };
        let arriving = Arriving { file, hash: Sha256::new(), total: None, place };
        uploads.add(Upload {
            job,
            begun,
            declared,
            base,
            // The call ends now: neither its deadline nor its cancellation concerns what follows.
            work: Work::default(),
            seen: Mutex::new(Seen { progress, used: clock.now() }),
            clock,
            arriving: Arc::new(tokio::sync::Mutex::new(Some(arriving))),
        });
        self.0.settings.metadata.image(uuid).await?.ok_or(MakeImageError::Deleted).map(Some)
    }

    /// How far the upload of that token has come; `None` when there is none.
    pub async fn upload_progress(&self, token: &str) -> Result<Option<UploadProgress>, MetadataError> {
        Ok(self.living_upload(token).await?.map(|upload| upload.seen().progress))
    }

    /// The upload of an image that belongs to `owner`, if that is known; `None` when there is none here.
    pub fn upload_of(&self, image: ImageUuid, owner: Option<AccountUuid>) -> Option<UploadDetails> {
        let (token, known) = self.0.uploads.of_image(image, owner)?;
        Some(known.details(&token))
    }

    /// Ends the upload of an image that is gone: its file goes, and its place is free.
    pub fn end_upload(&self, image: ImageUuid) {
        if let Some((token, _)) = self.0.uploads.of_image(image, None) {
            self.0.uploads.end(&token);
        }
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

    /// An upload whose image has been neither deleted nor given to another account since its token was made.
    async fn living_upload(&self, token: &str) -> Result<Option<Arc<Upload>>, MetadataError> {
        let Some(Known { owner, upload }) = self.0.uploads.all().get(token).cloned() else { return Ok(None) };
        let image = upload.begun.uuid;
        match self.0.settings.metadata.image(image).await? {
            Some(row) if row.account != owner => {
                self.0.uploads.of_image(image, Some(row.account));
                Ok(None)
            }
            _ if self.is_orphaned(&upload).await? => {
                self.0.uploads.end(token);
                Ok(None)
            }
            _ => Ok(Some(upload)),
        }
    }

    /// Whether nobody waits for an upload any more: its image was deleted, by another server if not by this one.
    async fn is_orphaned(&self, upload: &Upload) -> Result<bool, MetadataError> {
        if upload.seen().progress.state != UploadState::Receiving {
            return Ok(false);
        }
        for copy in &upload.begun.copies {
            if !self.0.settings.metadata.has_lease(copy.lease).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives up uploads of which nothing has arrived for long, and those whose images are gone; forgets those that ended long
    /// ago.
    pub(crate) async fn sweep_uploads(&self) {
        let since = self.0.settings.clock.now().plus_seconds(-PATIENCE_SECONDS);
        let all: Vec<_> = self.0.uploads.all().iter().map(|(token, known)| (token.clone(), known.clone())).collect();
        for (token, Known { upload, .. }) in all {
            let Seen { progress, used } = upload.seen();
            match progress.state {
                UploadState::Receiving if used < since => {
                    self.0.uploads.end(&token);
                    let given_up = Err(MakeImageError::Ended(Ending::TimedOut));
                    let _ = self.end_image(&upload.begun, given_up, &upload.work).await;
                    tracing::info!(image = %upload.begun.uuid, "an upload of which nothing arrived any more was given up");
                }
                UploadState::Receiving => match self.is_orphaned(&upload).await {
                    Ok(true) => self.0.uploads.end(&token),
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "an upload's image could not be looked for"),
                },
                UploadState::Ready | UploadState::Failed { .. } if used < since => self.0.uploads.end(&token),
                UploadState::Writing | UploadState::Ready | UploadState::Failed { .. } => {}
            }
        }
    }

    /// Writes an upload that is whole into its storages.
    async fn write_upload(self, upload: Arc<Upload>, arriving: Arriving) {
        let work = &upload.work;
        let Arriving { file, place, .. } = arriving;
        let made = async {
            let (file, found) = open_fetched(file, upload.declared).await.map_err(MakeImageError::File)?;
            let _turn = self.writers_turn(work).await?;
            self.fill_image(&upload.begun, Arc::new(file), found, work, 0..99).await
        };
        let made = made.await;
        let ended = self.end_image(&upload.begun, made, work).await;
        // The file is gone: whoever sees the end finds its place free.
        drop(place);
        match ended {
            Ok(_) => upload.show(|progress| progress.state = UploadState::Ready),
            Err(error) => {
                let reason = chain(&error);
                tracing::warn!(image = %upload.begun.uuid, reason, "an uploaded image could not be made");
                upload.show(|progress| progress.state = UploadState::Failed { reason });
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
