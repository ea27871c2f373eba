//! Any bytes as path, query and body: an answer of a client's mistake, never of a fault of ours.

use crate::backend::{ADMIN, KNOWN, TestBackend};
use crate::server::TestServer;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json as value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends a request and reads the status of its answer; `None` when the connection is closed without one.
async fn status(server: &TestServer, method: &str, target: &[u8], body: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut request = Vec::from(method);
    request.push(b' ');
    request.extend_from_slice(target);
    let head = format!(
        " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: OAuth {ADMIN}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    request.extend_from_slice(head.as_bytes());
    request.extend_from_slice(body);
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(&request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}

fn bytes(piece: &'static str) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![piece.prop_map(String::into_bytes), vec(any::<u8>(), 0..40)]
}

#[tokio::test]
async fn no_bytes_lead_to_a_fault() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    let mut runner = TestRunner::new(Config::default());
    let paths = ["/v1/images", "/zstack/v1/images/x/actions", "/v1/volumes/data", "/v1/api-jobs", "/exports", ""];
    let images = format!("/v1/images/{KNOWN}");
    for round in 0..400 {
        let mut draw = |strategy: &dyn Fn() -> proptest::strategy::BoxedStrategy<Vec<u8>>| {
            strategy().new_tree(&mut runner).unwrap().current()
        };
        let rest = draw(&|| bytes("(/[a-z%0-9]{0,4}){0,3}").boxed());
        let query = draw(&|| bytes("[?](q|limit|start|sort|fields|backupStorageUuids)=[-a-z!~?=%0-9<>]{0,9}").boxed());
        let body = draw(&|| {
            bytes(r#"\{"(params|updateImage|systemTags)":(\{"(name|format)":[0-9nul"\[\]]{1,5}\}|1|\[\])\}"#).boxed()
        });
        let method = ["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"][round % 6];
        let start = paths.get(round % 7).copied().unwrap_or(&images);
        let target = [start.as_bytes(), &rest, &query].concat();
        let found = status(&server, method, &target, &body).await;
        let shown = || String::from_utf8_lossy(&target).into_owned();
        assert!(found.is_none_or(|status| status != 500), "{method} {} {}", shown(), String::from_utf8_lossy(&body));
    }
}
