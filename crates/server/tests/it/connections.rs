//! The life of connections.

use crate::answers::{image, template_body, template_path};
use crate::backend::{ADMIN, TestBackend};
use crate::server::TestServer;
use serde_json::json as value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn send_template(server: &TestServer) -> TcpStream {
    let body = template_body().to_string();
    let request = format!(
        "POST /zstack{} HTTP/1.1\r\nHost: x\r\nAuthorization: OAuth {ADMIN}\r\nContent-Length: {}\r\n\r\n{body}",
        template_path(),
        body.len()
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn stopping_closes_idle_connections_and_lets_calls_end() {
    let mut config = crate::server::config();
    config.sync_wait = std::time::Duration::from_mins(1);
    let server = TestServer::start_with(TestBackend::new(image()), config).await;
    let backend = server.backend.clone();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_ne!(idle.read(&mut [0; 4096]).await.unwrap(), 0);
    backend.close_gate();
    let mut running = send_template(&server).await;
    backend.arrived.notified().await;
    let address = server.address;
    let stopped = server.stop();
    assert_eq!(idle.read(&mut [0; 4096]).await.unwrap(), 0);
    backend.gate.add_permits(1);
    let mut answer = String::new();
    running.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    stopped.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_call_runs_to_its_end_when_its_client_has_gone() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let backend = server.backend.clone();
    backend.close_gate();
    let stream = send_template(&server).await;
    backend.arrived.notified().await;
    drop(stream);
    backend.gate.add_permits(1);
    server.stop().await.unwrap();
    assert_eq!(backend.performed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn heads_beyond_the_limit_are_refused() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    for head in [
        format!("GET /v1/images?q={} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(40_000)),
        format!("GET /v1/images HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", "x".repeat(40_000)),
        format!("GET /v1/images HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(200)),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert!(matches!(&answer, b"HTTP/1.1 431" | b"HTTP/1.1 414"), "{}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn slow_bodies_of_unknown_length_hold_up_nobody() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let head = format!("POST /zstack{} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n", template_path());
    let mut slow = Vec::new();
    for _ in 0..16 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The server asks for the body once it reads it.
        let request = format!("{head}Expect: 100-continue\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 100");
        slow.push(stream);
    }
    let body = template_body().to_string();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "{head}Connection: close\r\nAuthorization: OAuth {ADMIN}\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_new_connection_that_sends_no_request_is_closed_soon_and_a_used_one_is_not() {
    let mut config = crate::server::config();
    (config.max_connections, config.first_head_timeout) = (2, std::time::Duration::from_millis(200));
    let server = TestServer::start_with(TestBackend::new(image()), config).await;
    let ask = async |stream: &mut TcpStream| {
        stream.write_all(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 4096];
        let len = stream.read(&mut answer).await.unwrap();
        assert!(answer[..len].starts_with(b"HTTP/1.1 404"), "{}", String::from_utf8_lossy(&answer[..len]));
    };
    let mut used = TcpStream::connect(server.address).await.unwrap();
    ask(&mut used).await;
    for sent in ["", "GET /none HTTP/1.1\r\nHost:"] {
        let mut idle = TcpStream::connect(server.address).await.unwrap();
        idle.write_all(sent.as_bytes()).await.unwrap();
        // The third connection gets its place when the idle one has lost it.
        let mut waiting = TcpStream::connect(server.address).await.unwrap();
        ask(&mut waiting).await;
        assert_eq!(idle.read(&mut [0; 4096]).await.unwrap(), 0);
        ask(&mut used).await;
    }
}
