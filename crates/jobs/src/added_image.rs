//! Adding an image from a file: one that is fetched over HTTP, or one of this machine.

use crate::fetch::{FetchError, fetch};
use crate::image_file::{ImageFile, LocalFile, OpenImageFileError};
use crate::incoming_file::IncomingFile;
use crate::new_image::{BegunImage, Found, ImageRequest, MakeImageError};
use crate::watch::Watch;
use crate::{Jobs, Work};
use imprint_domain::{ImageFormat, MediaType};
use imprint_metadata::ImageRow;
use reqwest::Url;
use std::ops::Range;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Where an image's file is.
#[derive(Clone, Debug)]
pub enum ImageOrigin {
    /// Behind an `http` or `https` URL.
    Url(Url),
    /// On this machine.
    File(LocalFile),
}

/// The percents of the work that fetching is.
const FETCH: Range<u8> = 0..60;

impl Jobs {
    /// Adds an image from a file, and answers it when it is durable in all its storages and published.
    pub async fn add_image(&self, request: ImageRequest, origin: ImageOrigin) -> Result<ImageRow, MakeImageError> {
        let work = request.work.clone();
        let declared = (request.image.format, request.image.media_type);
        let begun = self.begin_image(request.image, &request.storages, None).await?;
        let made = self.add(&begun, origin, declared, &work).await;
        self.end_image(&begun, made, &work).await
    }

    async fn add(
        &self,
        begun: &BegunImage,
        origin: ImageOrigin,
        declared: (ImageFormat, MediaType),
        work: &Work,
    ) -> Result<ImageRow, MakeImageError> {
        let (opened, share) = match origin {
            ImageOrigin::Url(url) => {
                let file = self.fetch_image(url, begun, work).await?;
                (open_fetched(file, declared).await, FETCH.end..99)
            }
            ImageOrigin::File(file) => {
                let open = tokio::task::spawn_blocking(move || ImageFile::open_local(&file, declared));
                (open.await.map_err(|_| MakeImageError::Panicked)?, 0..99)
            }
        };
        let (file, found) = opened.map_err(MakeImageError::File)?;
        let _turn = self.writers_turn(work).await?;
        self.fill_image(begun, Arc::new(file), found, work, share).await
    }

    async fn fetch_image(&self, url: Url, begun: &BegunImage, work: &Work) -> Result<IncomingFile, MakeImageError> {
        let watch = Arc::new(Watch::new(self.clone(), work.clone(), 0));
        // Ends when it is dropped.
        let mut followers = JoinSet::new();
        if let Some(copy) = begun.copies.first() {
            followers.spawn(Arc::clone(&watch).follow(copy.lease));
        }
        work.begin_step("fetch the image", FETCH);
        let file = self.incoming_file().await?;
        let progressed = |len, total: Option<u64>| {
            if let Some(total) = total {
                work.advance(len, total);
            }
        };
        let fetched = fetch(url, self.0.settings.allow_private_sources, file, &watch, progressed).await;
        fetched.map_err(|error| match error {
            FetchError::Ended(ending) => MakeImageError::Ended(ending),
            error => MakeImageError::Fetch(error),
        })
    }

    /// A new file in the data directory for content that comes from elsewhere.
    pub(crate) async fn incoming_file(&self) -> Result<IncomingFile, MakeImageError> {
        let (directory, limit) = (self.0.settings.data.clone(), self.0.settings.max_image_size);
        let created = tokio::task::spawn_blocking(move || IncomingFile::create(&directory, limit));
        let created = created.await.map_err(|_| MakeImageError::Panicked)?;
        created.map_err(|error| MakeImageError::Fetch(error.into()))
    }
}

/// Opens what was fetched as the disk that it is declared to be.
pub(crate) async fn open_fetched(
    file: IncomingFile,
    declared: (ImageFormat, MediaType),
) -> Result<(ImageFile, Found), OpenImageFileError> {
    let open = tokio::task::spawn_blocking(move || ImageFile::open(file.into_file(), declared, None));
    open.await.unwrap_or_else(|panic| Err(std::io::Error::other(panic).into()))
}
