//! Answers to requests for pages, with what browsers are told about them.

use crate::visit::Visit;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt, Full};
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
    HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, SERVER, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};
use imprint_server::{Reply, ReplyBody};
use std::io::Write;

/// Everything comes from this server, nothing runs that stands in a page, and no other site frames one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Who answers.
const SERVER_NAME: HeaderValue = HeaderValue::from_static(concat!("imprint/", env!("CARGO_PKG_VERSION")));

/// What is not worth compressing.
const SMALL: usize = 1024;

/// An answer with a body of this type.
pub(crate) fn with_body(status: StatusCode, content_type: &'static str, body: ReplyBody) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers: [(HeaderName, &'static str); 6] = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in headers {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply.headers_mut().insert(SERVER, SERVER_NAME);
    reply
}

/// A body whose bytes are there already.
fn full(bytes: impl Into<Bytes>) -> ReplyBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// An answer whose text is there already.
pub(crate) fn text(status: StatusCode, content_type: &'static str, text: impl Into<Bytes>) -> Reply {
    with_body(status, content_type, full(text))
}

/// A page, compressed if whoever asked can read that.
pub(crate) fn html(status: StatusCode, page: String, asked_with: &HeaderMap) -> Reply {
    compressed(status, "text/html;charset=UTF-8", page, asked_with)
}

/// A JSON text, compressed if whoever asked can read that.
pub(crate) fn json(json: String, asked_with: &HeaderMap) -> Reply {
    compressed(StatusCode::OK, "application/json;charset=UTF-8", json, asked_with)
}

fn compressed(status: StatusCode, content_type: &'static str, body: String, asked_with: &HeaderMap) -> Reply {
    if body.len() < SMALL || !accepts_gzip(asked_with) {
        return text(status, content_type, body);
    }
    let mut reply = text(status, content_type, gzip(body.as_bytes(), Compression::fast()));
    reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    reply.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    reply
}

/// A text that stays as it is, compressed once.
pub(crate) struct Packed {
    plain: Bytes,
    zipped: Bytes,
}

impl Packed {
    /// Compresses it.
    pub(crate) fn new(plain: impl Into<Bytes>) -> Self {
        let plain = plain.into();
        Self { zipped: gzip(&plain, Compression::best()).into(), plain }
    }

    /// The answer with it, compressed if whoever asked can read that.
    pub(crate) fn reply(&self, content_type: &'static str, asked_with: &HeaderMap) -> Reply {
        let zipped = accepts_gzip(asked_with);
        let body = if zipped { &self.zipped } else { &self.plain };
        let mut reply = text(StatusCode::OK, content_type, body.clone());
        if zipped {
            reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        reply.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        reply
    }
}

/// Whether the client reads gzip.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|weight| weight == "q=0")
    })
}

/// The bytes compressed.
fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    // A vector takes everything.
    let written = encoder.write_all(bytes);
    debug_assert!(written.is_ok());
    encoder.finish().unwrap_or_default()
}

/// The answer to a method that the page does not have; those that are allowed are named.
pub(crate) fn not_allowed(visit: &Visit, allowed: &'static str) -> Reply {
    let mut reply = text(StatusCode::METHOD_NOT_ALLOWED, "text/plain;charset=UTF-8", visit.texts.not_allowed);
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    reply
}

/// A place of this server: another one is no place to be sent to.
pub(crate) fn local(path: &str) -> String {
    let is_local = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    if is_local && path.bytes().all(|byte| byte.is_ascii_graphic()) { path.to_owned() } else { "/".to_owned() }
}

/// Sends the browser to another page, which it gets with GET.
pub(crate) fn see_other(path: &str) -> Reply {
    let mut reply = text(StatusCode::SEE_OTHER, "text/plain;charset=UTF-8", "");
    // Paths are made of encoded parts.
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    reply.headers_mut().insert(LOCATION, location);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_where_it_is_accepted() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            accepts_gzip(&headers)
        };
        assert!(accepts("gzip, deflate, br"));
        assert!(accepts("br;q=1.0, gzip;q=0.8"));
        assert!(!accepts("br, gzip;q=0"));
        assert!(!accepts(""));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn nobody_is_sent_to_another_server() {
        assert_eq!(local("/images?sort=-size"), "/images?sort=-size");
        for path in ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "javascript:x", "/é"]
        {
            assert_eq!(local(path), "/", "{path}");
        }
    }

    #[test]
    fn no_line_break_gets_into_a_location() {
        let reply = see_other("/images\r\nSet-Cookie: x=y");
        assert_eq!(reply.headers().get(LOCATION).unwrap(), "/");
    }
}
