//! Digests of exported files: MD5 and SHA-256, remembered by content.

use crate::watch::{Ending, Watch, until};
use crate::{Jobs, ReadStoreError, Work};
use imprint_domain::{BackupStorageUuid, EncodedRoot, ImageFormat};
use imprint_image_store::{ExportError, ExportedImage};
use imprint_metadata::{Digest, VolumeBackupRow};
use md5::Digest as _;

/// Version of the layout of exported files: equal roots, forms and versions mean equal bytes.
pub const LAYOUT_VERSION: u64 = ExportedImage::LAYOUT_VERSION as u64;

/// Bytes that are read at a time.
const STEP: u64 = 4 << 20;

impl Jobs {
    /// The digests of an image's content as a file of that form: remembered ones, else computed now on all cores, and once
    /// however many ask for them.
    pub async fn digest(
        &self,
        storage: BackupStorageUuid,
        content: EncodedRoot,
        format: ImageFormat,
        work: &Work,
    ) -> Result<Digest, ReadStoreError> {
        let metadata = &self.0.settings.metadata;
        let turn = self.0.digesting.of((content, format));
        let _turn = until(work, turn.lock()).await?;
        if let Some(known) = metadata.digest(content, format, LAYOUT_VERSION).await? {
            return Ok(known);
        }
        let export = self.open_export(storage, content, format).await?;
        let len = export.len();
        work.begin_step("compute the digests", 0..100);
        let watch = Watch::new(self.clone(), work.clone(), len);
        let digest = hash_stream(export.into_stream(0..len), watch).await?;
        metadata.put_digest(content, format, LAYOUT_VERSION, digest.clone()).await?;
        Ok(digest)
    }

    /// Computes the digests of a backup's content in the background.
    pub(crate) fn digest_later(&self, row: &VolumeBackupRow, storage: BackupStorageUuid) {
        let content = row.refs.iter().find(|reference| reference.storage == storage).and_then(|it| it.root);
        let Some(content) = content else { return };
        let jobs = self.clone();
        tokio::spawn(async move {
            if let Err(error) = jobs.digest_idly(storage, content, ImageFormat::Qcow2).await {
                tracing::warn!(%error, "a backup's digests could not be computed");
            }
        });
    }

    /// The same on one thread of the lowest priority, so that nobody who waits is held back.
    pub(crate) async fn digest_idly(
        &self,
        storage: BackupStorageUuid,
        content: EncodedRoot,
        format: ImageFormat,
    ) -> Result<(), ReadStoreError> {
        let metadata = &self.0.settings.metadata;
        let known = metadata.digest(content, format, LAYOUT_VERSION).await?;
        let digest = match known {
            Some(digest) => digest,
            None => match self.hash_idly(storage, content, format).await? {
                Some(digest) => digest,
                None => return Ok(()),
            },
        };
        // Also when it was known: the images that asked for it must show it.
        Ok(metadata.put_digest(content, format, LAYOUT_VERSION, digest).await?)
    }

    /// Computes digests on a thread of the lowest priority; `None` when the server is stopping.
    async fn hash_idly(
        &self,
        storage: BackupStorageUuid,
        content: EncodedRoot,
        format: ImageFormat,
    ) -> Result<Option<Digest>, ReadStoreError> {
        let image = self.open_image(storage, content, format).await?;
        let (answer, answered) = tokio::sync::oneshot::channel();
        let jobs = self.clone();
        // A thread of its own: a lowered priority cannot be raised again.
        std::thread::spawn(move || {
            if let Err(error) = rustix::process::setpriority_process(None, 19) {
                tracing::debug!(%error, "digests are computed at normal priority");
            }
            let _ = answer.send(hash_slowly(&image, &jobs));
        });
        Ok(answered.await.map_err(|_| ReadStoreError::Panicked)??)
    }
}

/// Both digests of a file, read piece by piece; `None` when the server is stopping.
fn hash_slowly(image: &ExportedImage, jobs: &Jobs) -> Result<Option<Digest>, ExportError> {
    let (mut md5, mut sha256) = (md5::Md5::new(), sha2::Sha256::new());
    let mut offset = 0;
    while offset < image.len() {
        if jobs.is_stopping() {
            return Ok(None);
        }
        let end = image.len().min(offset + STEP);
        let bytes = image.read_range(offset..end)?;
        md5.update(&bytes);
        sha256.update(&bytes);
        offset = end;
    }
    Ok(Some(Digest { md5: hex::encode(md5.finalize()), sha256: hex::encode(sha256.finalize()) }))
}

/// Both digests of a stream, on a thread that may block.
async fn hash_stream(
    stream: impl futures_util::Stream<Item = Result<bytes::Bytes, std::io::Error>> + Send + 'static,
    watch: Watch,
) -> Result<Digest, ReadStoreError> {
    use futures_util::StreamExt;
    let runtime = tokio::runtime::Handle::current();
    let hashed = tokio::task::spawn_blocking(move || {
        let mut stream = Box::pin(stream);
        let (mut md5, mut sha256) = (md5::Md5::new(), sha2::Sha256::new());
        let mut done = 0;
        while let Some(piece) = runtime.block_on(stream.next()) {
            if let Some(ending) = watch.ending() {
                return Err(ending.into());
            }
            let piece = piece.map_err(stream_failed)?;
            md5.update(&piece);
            sha256.update(&piece);
            done += piece.len() as u64;
            watch.advance(done);
        }
        Ok(Digest { md5: hex::encode(md5.finalize()), sha256: hex::encode(sha256.finalize()) })
    });
    hashed.await.map_err(|_| ReadStoreError::Panicked)?
}

impl From<Ending> for ReadStoreError {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Cancelled => Self::Cancelled,
            Ending::TimedOut => Self::TimedOut,
            Ending::Stopping | Ending::LeaseGone => Self::Stopping,
        }
    }
}

/// What a stream's failure was before it became one of a body.
fn stream_failed(error: std::io::Error) -> ReadStoreError {
    match error.downcast::<ExportError>() {
        Ok(error) => error.into(),
        Err(error) => ReadStoreError::Damaged { what: error.to_string() },
    }
}
