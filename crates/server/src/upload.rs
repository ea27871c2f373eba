//! Sending the file of an image: a client asks where to continue, and sends what is missing, in one request or in many.
//!
//! | request | does |
//! |---|---|
//! | `GET`, `HEAD` | answers how far it has come: `Upload-Offset`, and `Upload-Length` once it is known |
//! | `PUT` | takes the whole file, whose length is the body's, or with `Content-Range: bytes 0-99/300` a part of it |
//! | `PATCH` | takes what follows from `Upload-Offset` on; `Upload-Length` says the whole length, once at least |
//!
//! `Repr-Digest: sha-256=:<base64>:` (RFC 9530) in the request that brings the last byte has the whole file checked. A part
//! that does not begin where the file ends is answered 409, with the offset to continue from.

use crate::backend::{Backend, ByteStream};
use crate::error_reply;
use crate::refusal::FrontRefusal;
use crate::reply::{self, Reply};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::BodyStream;
use hyper::body::Body;
use hyper::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use imprint_domain::JobUuid;
use imprint_service::{
    FetchError, IncomingFileError, ServiceError, UploadError, UploadPart, UploadProgress, UploadState,
};
use serde_json::json;

const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// Answers a request for the upload of a token.
pub(crate) async fn answer<B, R>(backend: &B, head: &Parts, token: &str, body: R) -> Result<Reply, FrontRefusal>
where
    B: Backend,
    R: Body<Data = Bytes> + Send + 'static,
{
    let unknown = || FrontRefusal::not_found("this upload is unknown, or has ended");
    let part = match head.method {
        Method::GET | Method::HEAD => {
            return match backend.upload_progress(token).await {
                Ok(Some(found)) => Ok(progress(StatusCode::OK, &found)),
                Ok(None) => Err(unknown()),
                Err(error) => Ok(failed(&error)),
            };
        }
        Method::PUT => put_part(&head.headers)?,
        Method::PATCH => patch_part(&head.headers)?,
        _ => return Err(FrontRefusal::method_not_allowed(&head.method, "an upload", &["GET", "HEAD", "PUT", "PATCH"])),
    };
    let frames = BodyStream::new(body).map(|frame| match frame {
        Ok(frame) => frame.into_data().ok().map(Ok),
        Err(_) => Some(Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))),
    });
    let frames = frames.filter_map(std::future::ready);
    let bytes: ByteStream = Box::pin(frames);
    match backend.receive_upload(token, part, bytes).await {
        Ok(Some(Ok(found))) => Ok(progress(StatusCode::OK, &found)),
        Ok(Some(Err(error))) => Ok(refused(&error)),
        Ok(None) => Err(unknown()),
        Err(error) => Ok(failed(&error)),
    }
}

/// What a `PUT` brings: the whole file, unless it says which part.
fn put_part(headers: &HeaderMap) -> Result<UploadPart, FrontRefusal> {
    let sha256 = sha256(headers)?;
    let Some(range) = text(headers, &CONTENT_RANGE)? else {
        return Ok(UploadPart { offset: 0, total: number(headers, &CONTENT_LENGTH)?, sha256 });
    };
    let invalid = || {
        let shown = crate::refusal::shown(range);
        FrontRefusal::bad_request(format!(
            "the header 'Content-Range' is '{shown}': it must be 'bytes <first>-<last>/<length>'"
        ))
    };
    let (bytes, total) = range.strip_prefix("bytes ").and_then(|rest| rest.split_once('/')).ok_or_else(invalid)?;
    let (first, last) = bytes.split_once('-').ok_or_else(invalid)?;
    let (first, last): (u64, u64) = (digits(first).ok_or_else(invalid)?, digits(last).ok_or_else(invalid)?);
    let total = match total {
        "*" => None,
        total => Some(digits(total).ok_or_else(invalid)?),
    };
    if last < first || total.is_some_and(|total| last >= total) {
        return Err(invalid());
    }
    Ok(UploadPart { offset: first, total, sha256 })
}

/// What a `PATCH` brings.
fn patch_part(headers: &HeaderMap) -> Result<UploadPart, FrontRefusal> {
    let needed = || FrontRefusal::bad_request("the header 'Upload-Offset' is missing: it says where the bytes begin");
    let offset = number(headers, &UPLOAD_OFFSET)?.ok_or_else(needed)?;
    Ok(UploadPart { offset, total: number(headers, &UPLOAD_LENGTH)?, sha256: sha256(headers)? })
}

/// The SHA-256 among the digests of the whole file; others are not looked at.
fn sha256(headers: &HeaderMap) -> Result<Option<[u8; 32]>, FrontRefusal> {
    let Some(digests) = text(headers, &REPR_DIGEST)? else { return Ok(None) };
    let mut entries = digests.split(',').filter_map(|entry| entry.trim().split_once('='));
    let Some((_, value)) = entries.find(|(name, _)| *name == "sha-256") else { return Ok(None) };
    let inner = value.strip_prefix(':').and_then(|value| value.strip_suffix(':'));
    let decoded = inner.and_then(|inner| STANDARD.decode(inner).ok()).and_then(|bytes| bytes.try_into().ok());
    let invalid = "the header 'Repr-Digest' holds no SHA-256 as 'sha-256=:<base64>:'";
    decoded.map(Some).ok_or_else(|| FrontRefusal::bad_request(invalid))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, FrontRefusal> {
    let Some(value) = text(headers, name)? else { return Ok(None) };
    let invalid = || {
        let shown = crate::refusal::shown(value);
        FrontRefusal::bad_request(format!("the header '{name}' is '{shown}': it must be a whole number"))
    };
    digits(value).map(Some).ok_or_else(invalid)
}

/// A number of digits alone: no sign, no blanks.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, FrontRefusal> {
    let invalid = |_| FrontRefusal::bad_request(format!("the header '{name}' is not text"));
    headers.get(name).map(HeaderValue::to_str).transpose().map_err(invalid)
}

fn progress(status: StatusCode, found: &UploadProgress) -> Reply {
    let (state, reason) = match &found.state {
        UploadState::Receiving => ("Receiving", None),
        UploadState::Writing => ("Writing", None),
        UploadState::Ready => ("Ready", None),
        UploadState::Failed { reason } => ("Failed", Some(reason)),
    };
    let mut body = json!({"offset": found.offset, "state": state});
    if let Some(total) = found.total {
        body["length"] = total.into();
    }
    if let Some(reason) = reason {
        body["reason"] = reason.as_str().into();
    }
    let mut reply = reply::json(status, &body);
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(UPLOAD_OFFSET, found.offset.into());
    if let Some(total) = found.total {
        headers.insert(UPLOAD_LENGTH, total.into());
    }
    reply
}

fn refused(error: &UploadError) -> Reply {
    let status = match error {
        UploadError::Busy | UploadError::Complete | UploadError::Offset { .. } | UploadError::Total { .. } => {
            StatusCode::CONFLICT
        }
        UploadError::Ended => StatusCode::NOT_FOUND,
        UploadError::TooMany { .. } | UploadError::Digest { .. } => StatusCode::BAD_REQUEST,
        UploadError::File(FetchError::File(IncomingFileError::TooLarge { .. })) => StatusCode::PAYLOAD_TOO_LARGE,
        UploadError::File(FetchError::File(IncomingFileError::NoSpace { .. })) => StatusCode::INSUFFICIENT_STORAGE,
        UploadError::File(_) => {
            tracing::error!(%error, cause = std::error::Error::source(error), "an upload could not be kept");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    let mut reply = reply::text(status, error.to_string());
    if let UploadError::Offset { offset } = error {
        reply.headers_mut().insert(UPLOAD_OFFSET, (*offset).into());
    }
    reply
}

fn failed(error: &ServiceError) -> Reply {
    reply::error(&error_reply::error_code(error, &JobUuid::random().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_put_says_which_part_it_brings_or_brings_the_whole() {
        let part = |fields: &[_]| put_part(&headers(fields)).map(|part| (part.offset, part.total)).ok();
        assert_eq!(part(&[("content-length", "300")]), Some((0, Some(300))));
        assert_eq!(part(&[]), Some((0, None)));
        assert_eq!(part(&[("content-range", "bytes 100-199/300")]), Some((100, Some(300))));
        assert_eq!(part(&[("content-range", "bytes 0-0/*")]), Some((0, None)));
        for range in
            ["bytes */300", "bytes 5-4/9", "bytes 0-9/9", "items 0-1/2", "bytes -1-2/3", "bytes 0-1", "bytes +1-2/3"]
        {
            assert_eq!(part(&[("content-range", range)]), None, "{range}");
        }
        assert_eq!(part(&[("content-length", "x")]), None);
    }

    #[test]
    fn a_patch_needs_an_offset() {
        let part = |fields: &[_]| patch_part(&headers(fields)).map(|part| (part.offset, part.total)).ok();
        assert_eq!(part(&[("upload-offset", "7"), ("upload-length", "9")]), Some((7, Some(9))));
        assert_eq!(part(&[("upload-offset", "7")]), Some((7, None)));
        assert_eq!(part(&[("upload-length", "9")]), None);
        assert_eq!(part(&[("upload-offset", "-7")]), None);
    }

    #[test]
    fn the_sha_256_is_found_among_digests() {
        let found = |value: &str| sha256(&headers(&[("repr-digest", value)]));
        let base64 = STANDARD.encode([7; 32]);
        assert_eq!(found(&format!("sha-512=:AA==:, sha-256=:{base64}:")), Ok(Some([7; 32])));
        assert_eq!(found("md5=:AA==:"), Ok(None));
        for bad in ["sha-256=AA==", "sha-256=:AA==:", "sha-256=:*:"] {
            assert_eq!(found(bad).unwrap_err().status, 400, "{bad}");
        }
    }
}
