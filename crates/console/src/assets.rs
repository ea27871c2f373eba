//! The style sheet and the scripts: they lie in the binary, and their paths change with their content, so that browsers keep
//! them for ever.

use crate::respond::Packed;
use hyper::header::{CACHE_CONTROL, HeaderMap, HeaderValue};
use imprint_server::Reply;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// A file.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    content: Packed,
    /// What its path holds of its content.
    version: String,
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let version = hex::encode(&Sha256::digest(bytes)[..8]);
        Self { name, content_type, content: Packed::new(bytes), version }
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
    let mut reply = asset.content.reply(asset.content_type, asked_with);
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
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
