//! Requests that this server sends because a client named a URL: web hooks, and images that are fetched. A client must not
//! reach through the server what only the server can reach, so that private addresses are refused unless the
//! configuration allows them: those in the URL's text by [`is_private`], those of names when they are resolved.

use imprint_domain::is_public;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a client is built from that connects to private addresses only if it may. It obeys no proxy of the environment,
/// which would resolve names for it.
pub fn client(allow_private: bool) -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().dns_resolver(Arc::new(PublicOnly { allow_private }))
}

/// Whether a URL's host is written as an address that is not a public one. A name may still turn out to be.
pub fn is_private(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.parse().is_ok_and(|address| !is_public(address))
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
