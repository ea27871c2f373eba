//! Download links, and the files behind them.

use crate::running_downloads::{Downloaded, RunningDownload, RunningDownloads};
use crate::{Caller, Refusal, Service, ServiceError};
use futures_util::StreamExt;
use imprint_domain::{ImageFormat, ImageUuid, ResourceStatus, Timestamp};
use imprint_jobs::Export;
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// A file that can be downloaded. The content that it is made of stays as long as this, or its stream, lives.
#[derive(Debug)]
pub struct Download {
    /// Bytes of the file.
    pub len: u64,
    /// Names the file's bytes, without quotes: equal tags, equal bytes.
    pub etag: String,
    /// Its media type.
    pub content_type: &'static str,
    /// A name to save it under.
    pub file_name: String,
    /// What it is made of.
    export: Export,
    what: Downloaded,
    running: RunningDownloads,
    now: Timestamp,
}

impl Download {
    /// The bytes of a range of the file, in order, in pieces that are read ahead, for this client. While the stream lives, the
    /// download is one that runs.
    pub fn into_stream(
        self,
        range: std::ops::Range<u64>,
        client: IpAddr,
    ) -> impl futures_util::Stream<Item = Result<bytes::Bytes, std::io::Error>> + Send + 'static {
        let download = RunningDownload { client, range: range.clone(), len: self.len, sent: 0, begun: self.now };
        let sent = self.running.begin(self.what, download);
        self.export.into_stream(range).inspect(move |piece| sent.add(piece.as_ref().map_or(0, bytes::Bytes::len)))
    }
}

/// What a link is looked up by. The last link of an image is also shown on it, to its owner and the administrator.
pub(crate) fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

impl Service {
    /// The file that a link's token leads to; `None` when it is unknown or has expired.
    pub async fn open_download(&self, token: &str) -> Result<Option<Download>, ServiceError> {
        let Some(row) = self.metadata.export(&token_hash(token)).await? else { return Ok(None) };
        if row.status != ResourceStatus::Ready {
            let needed = "only a Ready one can be downloaded";
            return Err(Refusal::ImageStatus { image: row.image, status: row.status, needed }.into());
        }
        let opened = self.jobs.open_export(row.storage, row.root, row.format).await;
        let export = opened.map_err(|error| ServiceError::from_read(error, &row.storage.to_string()))?;
        let extension = if row.format == ImageFormat::Qcow2 { "qcow2" } else { "raw" };
        Ok(Some(Download {
            len: export.len(),
            etag: export.etag(),
            content_type: "application/octet-stream",
            file_name: format!("{}.{extension}", row.name),
            export,
            what: Downloaded { image: row.image, owner: row.owner },
            running: self.running_downloads.clone(),
            now: self.clock.now(),
        }))
    }

    /// The downloads of an image that run here: for its owner and the administrator.
    pub fn running_downloads(&self, image: ImageUuid, caller: Caller) -> Vec<RunningDownload> {
        self.running_downloads.of(image, (!caller.administrator).then_some(caller.account))
    }
}
