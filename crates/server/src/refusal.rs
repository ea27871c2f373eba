//! What the front refuses before the API is asked: a status and a sentence in plain text.

use hyper::StatusCode;

/// A request that never reaches an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {text}")]
pub(crate) struct FrontRefusal {
    /// The status.
    pub(crate) status: StatusCode,
    /// What is wrong with the request.
    pub(crate) text: String,
    /// The methods that there are, if the request's is none of them.
    pub(crate) allow: Option<String>,
}

impl FrontRefusal {
    /// The request cannot be read.
    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, text: text.into(), allow: None }
    }

    /// Nothing is there.
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, text: text.into(), allow: None }
    }

    /// The method does not exist for the path, these do.
    pub(crate) fn method_not_allowed(method: &hyper::Method, path: &str, allow: &[&str]) -> Self {
        let text = format!("no operation for the method {method} on {}", shown(path));
        Self { status: StatusCode::METHOD_NOT_ALLOWED, text, allow: Some(allow.join(", ")) }
    }
}

/// A value as it may be shown in an answer: its beginning, and no password.
pub(crate) fn shown(value: &str) -> String {
    /// Characters that are enough to recognise a value.
    const LIMIT: usize = 128;
    let value = imprint_domain::without_url_passwords(value);
    match value.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.into_owned(),
    }
}
