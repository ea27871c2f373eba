//! Exports: an image as a file that exists only while it is read.

use crate::Jobs;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use imprint_domain::{BackupStorageUuid, EncodedRoot, ImageFormat, LeaseUuid};
use imprint_image_store::{DecodeRootError, ExportError, ExportedImage, MapRoot, ReadError};
use imprint_metadata::MetadataError;
use std::ops::Range;

/// Why stored content cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadStoreError {
    /// The storage's store is not open.
    #[error("the storage is not connected")]
    NotConnected,
    /// Stored bytes are missing or wrong.
    #[error("{what}")]
    Damaged {
        /// Which segment and block.
        what: String,
    },
    /// The root cannot be read.
    #[error("decode the root")]
    Root(#[from] DecodeRootError),
    /// The store failed.
    #[error("read the store")]
    Store(#[source] ExportError),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// It took longer than it may.
    #[error("it took longer than it may")]
    TimedOut,
    /// Somebody cancelled it.
    #[error("it was cancelled")]
    Cancelled,
    /// A thread of ours panicked.
    #[error("a reading thread panicked")]
    Panicked,
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<ExportError> for ReadStoreError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Read(ref read @ (ReadError::Damaged { .. } | ReadError::Missing { .. })) => {
                Self::Damaged { what: read.to_string() }
            }
            error => Self::Store(error),
        }
    }
}

/// A file that is made of stored content as it is read. Its content stays pinned as long as this, or its stream, lives.
#[derive(Debug)]
pub struct Export {
    image: ExportedImage,
    etag: String,
    pin: Pin,
}

impl From<ReadError> for ReadStoreError {
    fn from(error: ReadError) -> Self {
        ExportError::from(error).into()
    }
}

/// A lease that is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Pin {
    jobs: Jobs,
    lease: LeaseUuid,
}

impl Pin {
    /// The lease.
    pub(crate) fn lease(&self) -> LeaseUuid {
        self.lease
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let (metadata, lease) = (self.jobs.0.settings.metadata.clone(), self.lease);
        // Outside of a runtime the process is ending; the next start takes the lease away.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = metadata.release_lease(lease).await {
                    tracing::warn!(%error, %lease, "a lease could not be given back; it ends by itself");
                }
            });
        }
    }
}

impl Export {
    /// Bytes of the file.
    #[expect(clippy::len_without_is_empty, reason = "no exported file is empty but that of an empty volume")]
    pub fn len(&self) -> u64 {
        self.image.len()
    }

    /// Names the file's bytes: equal tags, equal bytes.
    pub fn etag(&self) -> String {
        self.etag.clone()
    }

    /// The bytes of a range, in order, read and verified ahead.
    pub fn into_stream(self, range: Range<u64>) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
        let Self { image, pin, .. } = self;
        let pieces = match image.stream(range) {
            Ok(pieces) => pieces.left_stream(),
            Err(error) => stream::once(std::future::ready(Err(error))).right_stream(),
        };
        pieces.map(move |piece| {
            let _pinned = &pin;
            piece.map_err(std::io::Error::other)
        })
    }
}

impl Jobs {
    /// Opens an image's content as a file of that form, and pins it.
    pub async fn open_export(
        &self,
        storage: BackupStorageUuid,
        content: EncodedRoot,
        format: ImageFormat,
    ) -> Result<Export, ReadStoreError> {
        let pin = self.pin(storage, content, "export").await?;
        let image = self.open_image(storage, content, format).await?;
        let etag = content_tag(&content, format);
        Ok(Export { image, etag, pin })
    }

    /// Pins stored content.
    pub(crate) async fn pin(
        &self,
        storage: BackupStorageUuid,
        content: EncodedRoot,
        purpose: &'static str,
    ) -> Result<Pin, MetadataError> {
        let lease = imprint_metadata::NewLease { pinned_root: Some(content), ..self.new_lease(storage, purpose) };
        let pin = Pin { jobs: self.clone(), lease: lease.uuid };
        self.0.settings.metadata.take_lease(lease).await?;
        Ok(pin)
    }

    /// An image's content as a file of that form without a pin, for work that holds one already or that may fail.
    pub(crate) async fn open_image(
        &self,
        storage: BackupStorageUuid,
        content: EncodedRoot,
        format: ImageFormat,
    ) -> Result<ExportedImage, ReadStoreError> {
        let store = self.store(storage).await?.ok_or(ReadStoreError::NotConnected)?;
        let root = MapRoot::decode(&content)?;
        let open = tokio::task::spawn_blocking(move || ExportedImage::open(store.reader(), &root, format));
        Ok(open.await.map_err(|_| ReadStoreError::Panicked)??)
    }
}

/// The root, the form and the layout's version decide every byte of the file.
fn content_tag(content: &EncodedRoot, format: ImageFormat) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(content.as_bytes());
    hash.update(format.as_str());
    hash.update(crate::LAYOUT_VERSION.to_le_bytes());
    hex::encode(hash.finalize())
}
