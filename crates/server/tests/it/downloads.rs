//! Downloads over a connection.

use crate::backend::TestBackend;
use crate::server::{TestServer, text};
use reqwest::Method;
use serde_json::json as value;

#[tokio::test]
async fn the_file_is_sent_whole_and_in_parts() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    let file = server.backend.file.clone();
    let get = |range: Option<&'static str>| {
        let request = server.bare(Method::GET, "/exports/token/disk.raw");
        range.map_or_else(|| request.try_clone().unwrap(), |range| request.try_clone().unwrap().header("Range", range))
    };
    let whole = get(None).send().await.unwrap();
    assert_eq!((whole.status().as_u16(), whole.content_length()), (200, Some(1 << 20)));
    assert_eq!(whole.bytes().await.unwrap(), file);
    let part = get(Some("bytes=70000-199999")).send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], "bytes 70000-199999/1048576");
    assert_eq!(part.bytes().await.unwrap(), file.slice(70_000..200_000));
    let behind = get(Some("bytes=1048576-")).send().await.unwrap();
    assert_eq!(behind.status(), 416);
}

#[tokio::test]
async fn head_tells_the_length_and_sends_nothing() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    let head = server.bare(Method::HEAD, "/exports/token/disk.raw").send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["content-length"], "1048576");
    assert_eq!(head.headers()["etag"], "\"abc\"");
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn unknown_links_and_other_methods_are_refused() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    assert_eq!(text(server.bare(Method::GET, "/exports/other/disk.raw")).await.0, 404);
    assert_eq!(text(server.bare(Method::POST, "/exports/token/disk.raw")).await.0, 405);
}
