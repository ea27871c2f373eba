//! The answer to a download: the whole file, part of it, or only its headers (RFC 9110, sections 13 and 14).

use crate::backend::Download;
use crate::byte_range::{Selection, select};
use crate::refusal::FrontRefusal;
use crate::reply::{Reply, full, with_body};
use crate::{error_reply, reply};
use futures_util::{StreamExt, TryStreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use hyper::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::net::IpAddr;
use std::ops::Range;

/// What need not be encoded in the value of an extended parameter.
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// What of a file is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sent {
    /// The client has it.
    NotModified,
    /// The client wants another one.
    PreconditionFailed,
    /// The client wants what is behind its end.
    Unsatisfiable,
    Whole,
    Part(Range<u64>),
}

/// Answers a request for the file that came from this address.
pub(crate) async fn answer(
    method: &Method,
    headers: &HeaderMap,
    file: Download,
    client: IpAddr,
) -> Result<Reply, FrontRefusal> {
    if *method != Method::GET && *method != Method::HEAD {
        return Err(FrontRefusal::method_not_allowed(method, "a download", &["GET", "HEAD"]));
    }
    let etag = format!("\"{}\"", file.etag);
    let sent = decide(method, headers, &etag, file.len);
    let (status, range) = match &sent {
        Sent::NotModified => (StatusCode::NOT_MODIFIED, None),
        Sent::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, None),
        Sent::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, None),
        Sent::Whole => (StatusCode::OK, Some(0..file.len)),
        Sent::Part(part) => (StatusCode::PARTIAL_CONTENT, Some(part.clone())),
    };
    let mut fields: Vec<(HeaderName, String)> = vec![(ETAG, etag), (ACCEPT_RANGES, "bytes".to_owned())];
    match &sent {
        Sent::Unsatisfiable => fields.push((CONTENT_RANGE, format!("bytes */{}", file.len))),
        Sent::Part(part) => {
            fields.push((CONTENT_RANGE, format!("bytes {}-{}/{}", part.start, part.end.saturating_sub(1), file.len)));
        }
        _ => {}
    }
    let body = match range {
        None => full(""),
        Some(range) => {
            fields.push((CONTENT_LENGTH, (range.end - range.start).to_string()));
            fields.push((CONTENT_TYPE, file.content_type.to_owned()));
            fields.push((CONTENT_DISPOSITION, disposition(&file.file_name)));
            if *method == Method::HEAD {
                full("")
            } else {
                let name = file.file_name.clone();
                let mut bytes = (file.open)(range, client).inspect_err(move |error| {
                    tracing::error!(file = name, %error, "a download was cut short: what it is made of cannot be read");
                });
                // Nothing has been sent yet: an error can still be told.
                let first = bytes.next().await;
                if let Some(Err(error)) = &first {
                    return Ok(reply::error(&error_reply::unreadable(error)));
                }
                StreamBody::new(stream::iter(first).chain(bytes).map_ok(Frame::data)).boxed_unsync()
            }
        }
    };
    let mut reply = with_body(status, body);
    for (name, value) in fields {
        // A value that is no header's, such as a damaged name, is left out rather than failing the download.
        if let Ok(value) = HeaderValue::from_str(&value) {
            reply.headers_mut().insert(name, value);
        }
    }
    Ok(reply)
}

fn decide(method: &Method, headers: &HeaderMap, etag: &str, len: u64) -> Sent {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(IF_MATCH).is_some_and(|tags| !names(tags, etag, Comparison::Strong)) {
        return Sent::PreconditionFailed;
    }
    if text(IF_NONE_MATCH).is_some_and(|tags| names(tags, etag, Comparison::Weak)) {
        return Sent::NotModified;
    }
    // Dates are never sent, so that a date here means another state than this one.
    let range_is_meant = text(IF_RANGE).is_none_or(|tag| tag.trim() == etag);
    let range = text(RANGE).filter(|_| *method == Method::GET && range_is_meant);
    match range.map(|range| select(range, len)) {
        None | Some(Selection::Whole) => Sent::Whole,
        Some(Selection::Part(part)) => Sent::Part(part),
        Some(Selection::Unsatisfiable) => Sent::Unsatisfiable,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether a list of entity tags names this one. Ours hold no commas.
fn names(tags: &str, etag: &str, comparison: Comparison) -> bool {
    tags.split(',').map(str::trim).any(|tag| {
        let opaque = tag.strip_prefix("W/").filter(|_| comparison == Comparison::Weak).unwrap_or(tag);
        tag == "*" || opaque == etag
    })
}

/// Saved under this name: in ASCII for old clients, encoded for the others.
fn disposition(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ' ');
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ATTRIBUTE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures_util::FutureExt;

    const CONTENT: &[u8] = b"0123456789";

    fn check(method: &Method, headers: &[(HeaderName, &str)]) -> (u16, HeaderMap, Bytes) {
        let open = |range: Range<u64>, _| {
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            stream::iter([Ok(Bytes::from_static(&CONTENT[range]))]).boxed()
        };
        let file = Download {
            len: 10,
            etag: "abc".to_owned(),
            content_type: "application/octet-stream",
            file_name: "dé\"b.qcow2".to_owned(),
            open: Box::new(open),
        };
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let reply = answer(method, &headers, file, IpAddr::from([127, 0, 0, 1])).now_or_never().unwrap().unwrap();
        let (head, body) = reply.into_parts();
        let bytes = body.collect().now_or_never().unwrap().unwrap().to_bytes();
        (head.status.as_u16(), head.headers, bytes)
    }

    #[test]
    fn the_whole_file_is_sent_with_its_headers() {
        let (status, headers, body) = check(&Method::GET, &[]);
        assert_eq!((status, &body[..]), (200, CONTENT));
        assert_eq!(headers[ETAG], "\"abc\"");
        assert_eq!(headers[CONTENT_LENGTH], "10");
        assert_eq!(headers[ACCEPT_RANGES], "bytes");
        let expected = "attachment; filename=\"d__b.qcow2\"; filename*=UTF-8''d%C3%A9%22b.qcow2";
        assert_eq!(headers[CONTENT_DISPOSITION], expected);
    }

    #[test]
    fn parts_are_sent_and_what_is_behind_the_end_is_not() {
        let (status, headers, body) = check(&Method::GET, &[(RANGE, "bytes=2-4")]);
        assert_eq!((status, &body[..]), (206, &b"234"[..]));
        assert_eq!(
            (&headers[CONTENT_RANGE], &headers[CONTENT_LENGTH]),
            (&"bytes 2-4/10".parse().unwrap(), &"3".parse().unwrap())
        );
        let (status, headers, body) = check(&Method::GET, &[(RANGE, "bytes=10-")]);
        assert_eq!((status, body.len()), (416, 0));
        assert_eq!(headers[CONTENT_RANGE], "bytes */10");
    }

    #[test]
    fn a_part_is_sent_only_of_the_file_that_the_client_has_begun() {
        let part = |tag: &str| check(&Method::GET, &[(RANGE, "bytes=2-4"), (IF_RANGE, tag)]).0;
        assert_eq!(part("\"abc\""), 206);
        assert_eq!(part("\"other\""), 200);
        assert_eq!(part("W/\"abc\""), 200);
        assert_eq!(part("Mon, 04 Mar 2024 09:07:05 GMT"), 200);
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        for tags in ["\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\""] {
            assert_eq!(check(&Method::GET, &[(IF_NONE_MATCH, tags)]).0, 304, "{tags}");
        }
        assert_eq!(check(&Method::GET, &[(IF_NONE_MATCH, "\"x\"")]).0, 200);
        assert_eq!(check(&Method::GET, &[(IF_MATCH, "\"x\"")]).0, 412);
        assert_eq!(check(&Method::GET, &[(IF_MATCH, "\"x\", \"abc\"")]).0, 200);
    }

    #[test]
    fn head_sends_the_headers_of_the_whole_file_alone() {
        let (status, headers, body) = check(&Method::HEAD, &[(RANGE, "bytes=2-4")]);
        assert_eq!((status, body.len()), (200, 0));
        assert_eq!(headers[CONTENT_LENGTH], "10");
    }
}
