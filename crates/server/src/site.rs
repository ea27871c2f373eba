//! Pages for people, beside the API: what answers the paths that are not the API's. This crate knows how a request for a
//! page arrives; what the pages are is decided by whoever implements [`Site`].

use crate::reply::Reply;
use bytes::Bytes;
use hyper::Method;
use hyper::header::HeaderMap;
use imprint_service::BoxFuture;
use std::fmt;
use std::net::IpAddr;

/// A request for a page, or a form that was sent.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// Its method.
    pub method: Method,
    /// Its path, percent-decoded; it begins with a slash.
    pub path: String,
    /// What stands behind the question mark, as it was sent.
    pub query_string: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body: that of a form, at most 256 KiB.
    pub body: Bytes,
    /// Who asks, as far as that can be known.
    pub client: IpAddr,
    /// Whether its connection to the browser is encrypted, as far as that can be known.
    pub secure: bool,
    /// What absolute URLs begin with, such as `https://backup.example:8443`, without a slash at the end.
    pub base_url: String,
}

/// Whoever answers requests for pages.
pub trait Site: fmt::Debug + Send + Sync + 'static {
    /// Answers one.
    fn answer(&self, request: PageRequest) -> BoxFuture<Reply>;
}
