//! Requests to chromedriver beyond the WebDriver standard: its logs, the browser's own protocol, keys.

use fantoccini::wd::WebDriverCompatibleCommand;
use hyper::Method;
use serde_json::Value;
use url::{ParseError, Url};

/// A request to a path beneath the session's.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// The path.
    pub(super) path: &'static str,
    /// What is sent to it.
    pub(super) body: Value,
}

impl WebDriverCompatibleCommand for Endpoint {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
