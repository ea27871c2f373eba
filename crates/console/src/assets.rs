//! The style sheet and the scripts: they lie in the binary, and their paths change with their content, so that browsers keep
//! them for ever.

use crate::respond;
use flate2::Compression;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_ENCODING, HeaderMap, HeaderValue, VARY};
use imprint_server::Reply;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// A file.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    compressed: Vec<u8>,
    /// What its path holds of its content.
    version: String,
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let version = hex::encode(&Sha256::digest(bytes)[..8]);
        Self { name, content_type, bytes, compressed: respond::gzip(bytes, Compression::best()), version }
    }
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    const STYLE: &str = "text/css;charset=UTF-8";
    const SCRIPT: &str = "text/javascript;charset=UTF-8";
    vec![
        Asset::new("console.css", STYLE, include_bytes!("../assets/console.css")),
        Asset::new("icon.svg", "image/svg+xml", include_bytes!("../assets/icon.svg")),
        Asset::new("console.js", SCRIPT, include_bytes!("../assets/console.js")),
        Asset::new("docs.css", STYLE, include_bytes!("../assets/docs.css")),
        Asset::new("docs.js", SCRIPT, include_bytes!("../assets/docs.js")),
        Asset::new("try_it.js", SCRIPT, include_bytes!("../assets/try_it.js")),
    ]
});

/// Where a file lies.
pub(crate) fn path(name: &str) -> String {
    let version = ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| &asset.version);
    format!("/assets/{version}/{name}")
}

/// A file, if it is there in this version.
pub(crate) fn answer(version: &str, name: &str, asked_with: &HeaderMap) -> Option<Reply> {
    let asset = ASSETS.iter().find(|asset| asset.name == name && asset.version == version)?;
    let zipped = respond::accepts_gzip(asked_with);
    let mut reply = if zipped {
        respond::text(StatusCode::OK, asset.content_type, asset.compressed.as_slice())
    } else {
        respond::text(StatusCode::OK, asset.content_type, asset.bytes)
    };
    let headers = reply.headers_mut();
    if zipped {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Some(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_version_only() {
        let path = path("console.css");
        let version = path.split('/').nth(2).unwrap();
        let reply = answer(version, "console.css", &HeaderMap::new()).unwrap();
        assert!(reply.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert!(answer("0", "console.css", &HeaderMap::new()).is_none());
        assert!(answer(version, "../lib.rs", &HeaderMap::new()).is_none());
    }
}
