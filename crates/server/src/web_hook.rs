//! Telling the end of a job to a URL of the client's. A hook lets a client make this server send requests, so only HTTP to
//! public addresses is allowed unless the configuration says otherwise, checked after the name is resolved.

use crate::call::Outcome;
use crate::refusal::{FrontRefusal, shown};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often a hook is called until it answers well.
const TRIES: u32 = 15;

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Hooks being told at once; beyond it the oldest is given up, for a hook that does not answer must not fill the memory.
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
        let builder =
            reqwest::Client::builder().no_proxy().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let client = builder.dns_resolver(std::sync::Arc::new(PublicOnly { allow_private })).build()?;
        Ok(Self { client, allow_private, tasks: Mutex::new(JoinSet::new()) })
    }

    /// The hook of this URL, if it may be called as far as its text tells.
    pub(crate) fn hook(&self, url: &str) -> Result<Hook, FrontRefusal> {
        let refuse =
            |reason: &str| FrontRefusal::bad_request(format!("the header 'X-Web-Hook' is '{}': {reason}", shown(url)));
        let parsed = Url::parse(url).map_err(|_| refuse("it must be an absolute URL"))?;
        if parsed.scheme() != "http" {
            return Err(refuse("only http URLs are called"));
        }
        let host = parsed.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let is_private = host.parse().is_ok_and(|address| !is_public(address));
        if is_private && !self.allow_private {
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
            Err(error) => tracing::debug!(job, tried, %error, "a web hook could not be told"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::warn!(job, "a web hook was given up after {TRIES} tries");
}

/// Resolves names, leaving out addresses that may not be called.
struct PublicOnly {
    allow_private: bool,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|it| allow_private || is_public(it.ip())).collect();
            if allowed.is_empty() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the name has no public address").into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet: not this machine, its networks, nor a special range.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let special = a == 0 || a >= 224 || (a == 192 && b == 0 && c == 0) || (a == 198 && (18..20).contains(&b));
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || shared
        || special)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, ..] = address.segments();
    // Forms that carry an address of version 4: mapped, translated, 6to4.
    let [.., a, b, c, d] = address.octets();
    let translated = [first, second] == [0x64, 0xff9b];
    if address.to_ipv4_mapped().is_some() || translated {
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    if first == 0x2002 {
        let ([a, b], [c, d]) = (second.to_be_bytes(), third.to_be_bytes());
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Only 2000::/3 is given out as global addresses.
    first & 0xe000 == 0x2000 && [first, second] != [0x2001, 0xdb8] && [first, second] != [0x2001, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_and_its_networks_are_not_public() {
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001:0:1::",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["9.9.9.9", "172.32.0.1", "2620:fe::fe", "64:ff9b::909:909", "::ffff:9.9.9.9"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn only_http_urls_of_allowed_hosts_are_hooks() {
        let (strict, open) = (WebHooks::new(false).unwrap(), WebHooks::new(true).unwrap());
        assert!(strict.hook("http://hooks.example/done?x=1").is_ok());
        for url in ["https://hooks.example/", "file:///etc/passwd", "hooks.example", "", "http://"] {
            assert_eq!(open.hook(url).unwrap_err().status, 400, "{url}");
        }
        for url in ["http://127.0.0.1/", "http://[::1]:80/", "http://2130706433/", "http://0x7f.1/"] {
            assert!(strict.hook(url).unwrap_err().text.contains("allow-private-web-hooks"), "{url}");
            assert!(open.hook(url).is_ok(), "{url}");
        }
    }
}
