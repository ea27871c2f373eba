//! Receiving the files of images that clients upload.

use crate::{Service, ServiceError};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use imprint_jobs::{UploadError, UploadProgress};
use std::pin::Pin;
use std::time::Duration;

/// How long a client may send nothing.
const PATIENCE: Duration = Duration::from_mins(1);

/// Bytes of a body that are read at most although nobody takes them.
const MOST_DISCARDED: usize = 16 << 20;

/// What one request brings of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadPart {
    /// Where it begins.
    pub offset: u64,
    /// Bytes of the whole file, if the client says so.
    pub total: Option<u64>,
    /// SHA-256 of the whole file, if the client says so.
    pub sha256: Option<[u8; 32]>,
}

/// Bytes of a file in their order.
pub type UploadBytes = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// Reads some of what nobody takes: a client that is cut off while it sends sees a broken connection and not the answer.
async fn discard(mut bytes: UploadBytes) {
    let read = async {
        let mut left = MOST_DISCARDED;
        while let (Some(Ok(piece)), true) = (bytes.next().await, left > 0) {
            left = left.saturating_sub(piece.len());
        }
    };
    let _ = tokio::time::timeout(PATIENCE, read).await;
}

impl Service {
    /// How far an upload has come; `None` when there is none of that token.
    pub async fn upload_progress(&self, token: &str) -> Result<Option<UploadProgress>, ServiceError> {
        Ok(self.jobs.upload_progress(token).await?)
    }

    /// Takes what a request brings, to its end or until it breaks off, and answers how far the upload has come.
    pub async fn receive_upload(
        &self,
        token: &str,
        part: UploadPart,
        mut bytes: UploadBytes,
    ) -> Result<Option<Result<UploadProgress, UploadError>>, ServiceError> {
        let mut writer = match self.jobs.continue_upload(token, part.offset, part.total).await? {
            Some(Ok(writer)) => writer,
            refused => {
                discard(bytes).await;
                return Ok(refused.and_then(Result::err).map(Err));
            }
        };
        // A task of its own: a client that goes must not end it halfway through a write.
        let received = tokio::spawn(async move {
            // What arrived before it broke off is kept: the client asks where to continue.
            loop {
                let next = tokio::select! {
                    () = writer.ended() => break,
                    next = tokio::time::timeout(PATIENCE, bytes.next()) => next,
                };
                let Ok(Some(Ok(piece))) = next else { break };
                if let Err(error) = writer.append(piece).await {
                    drop(writer);
                    discard(bytes).await;
                    return Err(error);
                }
            }
            writer.end(part.sha256).await
        });
        let received = received.await;
        received.map(Some).map_err(|panic| ServiceError::internal("receive an upload")(panic.into()))
    }
}
