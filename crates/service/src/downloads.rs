//! Download links, and the files behind them.

use crate::{Refusal, Service, ServiceError};
use imprint_domain::{ImageFormat, ResourceStatus};
use imprint_jobs::Export;
use sha2::{Digest, Sha256};

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
}

impl Download {
    /// The bytes of a range of the file, in order, in pieces that are read ahead.
    pub fn into_stream(
        self,
        range: std::ops::Range<u64>,
    ) -> impl futures_util::Stream<Item = Result<bytes::Bytes, std::io::Error>> + Send + 'static {
        self.export.into_stream(range)
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
        }))
    }
}
