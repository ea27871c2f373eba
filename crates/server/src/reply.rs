//! Answers on the wire.

use crate::refusal::FrontRefusal;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, SERVER, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};
use imprint_api::{ClassedField, ErrorCode, schema_of};
use serde_json::{Value, json};
use std::io;

/// The body of an answer.
pub type ReplyBody = UnsyncBoxBody<Bytes, io::Error>;

/// An answer.
pub type Reply = Response<ReplyBody>;

/// Who answers.
const SERVER_NAME: HeaderValue = HeaderValue::from_static(concat!("imprint/", env!("CARGO_PKG_VERSION")));

/// A body whose bytes are there already.
pub(crate) fn full(bytes: impl Into<Bytes>) -> ReplyBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// An answer with this body; its type is still to be said.
pub(crate) fn with_body(status: StatusCode, body: ReplyBody) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    reply.headers_mut().insert(SERVER, SERVER_NAME);
    // Pages come from the same origin: what is no script must not be taken for one.
    reply.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// JSON.
pub(crate) fn json(status: StatusCode, body: &Value) -> Reply {
    let mut reply = with_body(status, full(body.to_string()));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    reply
}

/// A sentence.
pub(crate) fn text(status: StatusCode, body: String) -> Reply {
    let mut reply = with_body(status, full(body));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    reply
}

/// What the front refuses.
pub(crate) fn refusal(refusal: FrontRefusal) -> Reply {
    let mut reply = text(refusal.status, refusal.text);
    if let Some(Ok(allow)) = refusal.allow.as_deref().map(HeaderValue::from_str) {
        reply.headers_mut().insert(ALLOW, allow);
    }
    reply
}

/// An error of the API.
pub(crate) fn error(code: &ErrorCode) -> Reply {
    json(StatusCode::SERVICE_UNAVAILABLE, &error_body(code))
}

/// The body of an error: `error` is its only key.
pub(crate) fn error_body(code: &ErrorCode) -> Value {
    json!({"error": code})
}

/// Adds the classes of what is in the body.
pub(crate) fn add_schema(body: &mut Value, classes: &[ClassedField]) {
    let schema = schema_of(body, classes);
    if let Value::Object(body) = body {
        body.insert("schema".to_owned(), Value::Object(schema));
    }
}
