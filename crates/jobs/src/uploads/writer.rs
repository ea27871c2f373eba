//! Taking the bytes of one request for an upload.

use super::{Arriving, Upload, UploadError, UploadProgress, UploadState, chain};
use crate::Jobs;
use crate::fetch::{FetchError, in_background};
use crate::incoming_file::IncomingFile;
use crate::new_image::MakeImageError;
use crate::watch::Ending;
use bytes::Bytes;
use sha2::Digest;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// Bytes that are gathered before they are written.
const WRITE_LEN: usize = 1 << 20;

/// Takes the bytes of one request. To be used by a task that nobody drops in between: what is dropped while it writes takes
/// the upload with it.
pub struct UploadWriter {
    pub(super) jobs: Jobs,
    pub(super) upload: Arc<Upload>,
    pub(super) arriving: OwnedMutexGuard<Option<Arriving>>,
    pub(super) gathered: Vec<u8>,
}

impl std::fmt::Debug for UploadWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadWriter").field("image", &self.upload.begun.uuid).finish_non_exhaustive()
    }
}

impl UploadWriter {
    pub(super) fn begin(&mut self, offset: u64, total: Option<u64>) -> Result<(), UploadError> {
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

    /// Resolves when the upload is over: its image was deleted, or nobody may send it any more.
    pub async fn ended(&self) {
        self.upload.work.cancelled().await;
    }

    /// Adds bytes.
    pub async fn append(&mut self, bytes: Bytes) -> Result<(), UploadError> {
        // Whoever sends slowly sends all the same.
        self.upload.show(|_| {});
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
        if self.upload.work.is_cancelled() {
            self.arriving.take();
            return Err(UploadError::Ended);
        }
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
        let Some(Arriving { file, hash, total, place }) = self.arriving.take() else {
            return Err(UploadError::Complete);
        };
        match in_background(file, work).await {
            Ok(file) => {
                *self.arriving = Some(Arriving { file, hash, total, place });
                Ok(())
            }
            Err(error) => {
                let reason = chain(&error);
                let failed = Err(MakeImageError::Ended(Ending::Cancelled));
                let _ = self.jobs.end_image(&self.upload.begun, failed, &self.upload.work).await;
                drop(place);
                self.upload.show(|progress| progress.state = UploadState::Failed { reason });
                Err(error.into())
            }
        }
    }
}
