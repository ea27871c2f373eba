//! Fetching a file over HTTP into the data directory.

use crate::incoming_file::{IncomingFile, IncomingFileError};
use crate::outbound_http;
use crate::watch::{Ending, Watch};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Response, StatusCode, Url};
use std::time::Duration;

/// How often a server may send the client elsewhere.
const MOST_HOPS: usize = 10;

/// How long a server may take to be connected to.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a server may send nothing.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// Bytes that are gathered before they are written.
const WRITE_LEN: usize = 1 << 20;

/// Why a file was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It lies where this server may not go.
    #[error("private addresses are not fetched from; the server's setting allow-private-image-urls allows them")]
    Private,
    /// It cannot be reached, or broke off.
    #[error("the request failed")]
    Http(#[source] reqwest::Error),
    /// The other server refused.
    #[error("the other server answered {0}")]
    Status(StatusCode),
    /// It cannot be kept.
    #[error(transparent)]
    File(#[from] IncomingFileError),
    /// The work had to end early.
    #[error(transparent)]
    Ended(#[from] Ending),
    /// A thread of ours panicked.
    #[error("a fetching thread panicked")]
    Panicked,
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        // Its URL may hold a password.
        Self::Http(error.without_url())
    }
}

/// Fetches what a URL names into `file`. `progressed` is told the bytes there are, and how many there will be if the other
/// server says so.
pub(crate) async fn fetch(
    url: Url,
    allow_private: bool,
    file: IncomingFile,
    watch: &Watch,
    progressed: impl Fn(u64, Option<u64>),
) -> Result<IncomingFile, FetchError> {
    if !allow_private && outbound_http::is_private(&url) {
        return Err(FetchError::Private);
    }
    let client = outbound_http::client(allow_private)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .user_agent(concat!("imprint/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::custom(move |attempt| follow(attempt, allow_private)))
        .build()?;
    let response = unless_ended(watch, client.get(url).send()).await??;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let total = response.content_length();
    let file = in_background(file, move |file| file.expect(total.unwrap_or(0))).await?;
    receive(response, file, watch, |len| progressed(len, total)).await
}

/// Each hop is checked as the first one is; names are when they are resolved.
fn follow(attempt: Attempt<'_>, allow_private: bool) -> reqwest::redirect::Action {
    if attempt.previous().len() > MOST_HOPS {
        return attempt.error("too many redirects");
    }
    if !matches!(attempt.url().scheme(), "http" | "https") {
        return attempt.error("a redirect to another scheme than http and https");
    }
    if !allow_private && outbound_http::is_private(attempt.url()) {
        return attempt.error("a redirect to a private address");
    }
    attempt.follow()
}

async fn receive(
    mut response: Response,
    mut file: IncomingFile,
    watch: &Watch,
    progressed: impl Fn(u64),
) -> Result<IncomingFile, FetchError> {
    let mut gathered = Vec::with_capacity(WRITE_LEN);
    loop {
        let chunk = unless_ended(watch, response.chunk()).await??;
        if let Some(chunk) = &chunk {
            gathered.extend_from_slice(chunk);
        }
        if gathered.len() >= WRITE_LEN || (chunk.is_none() && !gathered.is_empty()) {
            let bytes = std::mem::replace(&mut gathered, Vec::with_capacity(WRITE_LEN));
            file = in_background(file, move |file| file.append(&bytes)).await?;
            progressed(file.len());
        }
        if chunk.is_none() {
            return Ok(file);
        }
    }
}

/// Does something with the file on a thread that may block.
pub(crate) async fn in_background(
    mut file: IncomingFile,
    work: impl FnOnce(&mut IncomingFile) -> Result<(), IncomingFileError> + Send + 'static,
) -> Result<IncomingFile, FetchError> {
    let done = tokio::task::spawn_blocking(move || work(&mut file).map(|()| file));
    Ok(done.await.map_err(|_| FetchError::Panicked)??)
}

async fn unless_ended<T>(watch: &Watch, waited_for: impl Future<Output = T>) -> Result<T, Ending> {
    tokio::select! {
        biased;
        ending = watch.ended() => Err(ending),
        done = waited_for => Ok(done),
    }
}
