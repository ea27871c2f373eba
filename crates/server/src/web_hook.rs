//! Telling the end of a job to a URL of the client's. A hook lets a client make this server send requests, so only HTTP and
//! HTTPS to public addresses are allowed unless the configuration says otherwise, checked after the name is resolved.

use crate::call::Outcome;
use crate::refusal::{FrontRefusal, shown};
use imprint_service::outbound_http;
use reqwest::Url;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often a hook is called until it answers well.
const TRIES: u32 = 15;

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Hooks being told at once; beyond it no more are told, for hooks that do not answer must not fill the memory.
const MAX_TASKS: usize = 256;

/// A hook that may be called.
#[derive(Clone, Debug)]
pub(crate) struct Hook(Url);

/// Tells hooks.
#[derive(Debug)]
pub(crate) struct WebHooks {
    client: reqwest::Client,
    allow_private: bool,
    tasks: Mutex<JoinSet<()>>,
}

impl WebHooks {
    /// Hooks at private addresses are called only when allowed.
    ///
    /// # Errors
    /// When the system gives no HTTP client its means.
    pub(crate) fn new(allow_private: bool) -> Result<Self, reqwest::Error> {
        let client = outbound_http::client(allow_private).timeout(TIMEOUT);
        let client = client.redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, allow_private, tasks: Mutex::new(JoinSet::new()) })
    }

    /// The hook of this URL, if it may be called as far as its text tells.
    pub(crate) fn hook(&self, url: &str) -> Result<Hook, FrontRefusal> {
        let refuse =
            |reason: &str| FrontRefusal::bad_request(format!("the header 'X-Web-Hook' is '{}': {reason}", shown(url)));
        let parsed = Url::parse(url).map_err(|_| refuse("it must be an absolute URL"))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(refuse("only http and https URLs are called"));
        }
        if !self.allow_private && outbound_http::is_private(&parsed) {
            return Err(refuse(
                "private addresses are not called; the server's setting allow-private-web-hooks allows them",
            ));
        }
        Ok(Hook(parsed))
    }

    /// Tells a hook how a job ended, in the background.
    pub(crate) fn tell(&self, hook: Hook, job: String, outcome: &Outcome) {
        let request = self
            .client
            .post(hook.0)
            .header("Content-Type", "application/json; charset=utf-8")
            .header("X-Job-UUID", job.as_str())
            .header("X-Job-Success", if outcome.succeeded { "true" } else { "false" })
            .body(outcome.body.to_string());
        // Only the set itself is behind the lock: a panic cannot leave it half changed.
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= MAX_TASKS {
            tracing::warn!(job, "too many web hooks are being told; this one is not");
            return;
        }
        tasks.spawn(deliver(request, job));
    }

    /// Gives up what has not been told yet.
    pub(crate) async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

async fn deliver(request: reqwest::RequestBuilder, job: String) {
    for tried in 1..=TRIES {
        let Some(attempt) = request.try_clone() else { return };
        match attempt.send().await.and_then(reqwest::Response::error_for_status) {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => tracing::debug!(job, tried, status = %answer.status(), "a web hook did not answer well"),
            // Its URL may hold a secret.
            Err(error) => tracing::debug!(job, tried, error = %error.without_url(), "a web hook could not be told"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::warn!(job, "a web hook was given up after {TRIES} tries");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_and_https_urls_of_allowed_hosts_are_hooks() {
        let (strict, open) = (WebHooks::new(false).unwrap(), WebHooks::new(true).unwrap());
        for url in ["http://hooks.example/done?x=1", "https://hooks.example/"] {
            assert!(strict.hook(url).is_ok(), "{url}");
        }
        for url in ["ftp://hooks.example/", "file:///etc/passwd", "hooks.example", "", "http://"] {
            assert_eq!(open.hook(url).unwrap_err().status, 400, "{url}");
        }
        for url in
            ["http://127.0.0.1/", "https://127.0.0.1/", "http://[::1]:80/", "http://2130706433/", "http://0x7f.1/"]
        {
            assert!(strict.hook(url).unwrap_err().text.contains("allow-private-web-hooks"), "{url}");
            assert!(open.hook(url).is_ok(), "{url}");
        }
    }
}
