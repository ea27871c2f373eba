//! Clients that mean harm, or are broken: each gets a clear answer or is cut, and nobody else suffers.

use crate::answers::{image, template_body, template_path};
use crate::backend::{ADMIN, KNOWN, TestBackend};
use crate::server::{TestServer, json, text};
use reqwest::Method;
use serde_json::json as value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn healthy(server: &TestServer) {
    let call = server.request(Method::POST, &template_path()).body(template_body().to_string());
    let answered = tokio::time::timeout(Duration::from_secs(10), json(call)).await.unwrap();
    assert_eq!(answered.0, 200);
}

#[tokio::test]
async fn a_client_that_has_said_all_it_will_say_is_answered() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let backend = server.backend.clone();
    backend.close_gate();
    let body = template_body().to_string();
    let request = format!(
        "POST /zstack{} HTTP/1.1\r\nHost: x\r\nAuthorization: OAuth {ADMIN}\r\nContent-Length: {}\r\n\r\n{body}",
        template_path(),
        body.len()
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    backend.arrived.notified().await;
    backend.gate.add_permits(1);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    // One that says half and no more is cut.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&request.as_bytes()[..request.len() - 5]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(backend.performed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn deep_and_broken_json_is_told_to_be_so() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let call = |body: Vec<u8>| server.request(Method::POST, &template_path()).body(body);
    let deep = |open: &str, close: &str, depth: usize| {
        format!(r#"{{"params":{{"name":{}1{}}}}}"#, open.repeat(depth), close.repeat(depth)).into_bytes()
    };
    for body in [
        deep("[", "]", 100_000),
        deep(r#"{"a":"#, "}", 100_000),
        "[".repeat(1_000_000).into_bytes(),
        b"{\"params\":{\"name\":\"\xff\"}}".to_vec(),
        b"\xff\xfe".to_vec(),
        b"\0\0\0".to_vec(),
        br#"{"params":{"name":"\ud800"}}"#.to_vec(),
        br#"{"params":{}} {}"#.to_vec(),
    ] {
        let (status, said) = text(call(body)).await;
        assert!(status == 400 && said.contains("JSON"), "{status} {said}");
    }
    healthy(&server).await;
}

#[tokio::test]
async fn long_lists_are_refused_by_their_length_and_the_longest_are_checked_like_short_ones() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let call = |list: Vec<&str>| {
        let mut body = template_body();
        body["params"]["tagUuids"] = value!(list);
        server.request(Method::POST, &template_path()).body(body.to_string())
    };
    assert_eq!(json(call(vec![KNOWN; 1000])).await.0, 200);
    let mut list = vec![KNOWN; 1000];
    list[999] = "garbage";
    let (status, body) = json(call(list)).await;
    assert!(status == 503 && body["error"]["details"].as_str().unwrap().contains("garbage"), "{body}");
    for beyond in [1001, 10_000] {
        let (status, body) = json(call(vec!["garbage"; beyond])).await;
        assert_eq!((status, body["error"]["code"].as_str()), (503, Some("SYS.1007")), "{body}");
        let details = body["error"]["details"].as_str().unwrap();
        assert!(details.contains("field[tagUuids]: must have at most 1000 elements"), "{details}");
        assert!(details.contains(&format!("it has {beyond}")), "{details}");
        // What it says does not grow with what was sent.
        assert!(body.to_string().len() < 4096, "{}", body.to_string().len());
    }
}

#[tokio::test]
async fn odd_bytes_in_headers_and_query_strings_are_the_clients_mistake() {
    let server = TestServer::start(TestBackend::new(image())).await;
    for name in ["X-Job-UUID", "X-API-Timeout", "X-Web-Hook", "Authorization", "Date", "X-Forwarded-For", "Forwarded"] {
        for bytes in [&b"\xff\xfe"[..], b"\x80".repeat(32).as_slice(), b"a,b;c=d\"", b"=;,=;,"] {
            let value = reqwest::header::HeaderValue::from_bytes(bytes).unwrap();
            let call = server.bare(Method::POST, &template_path()).body(template_body().to_string());
            let call =
                if name == "Authorization" { call } else { call.header("Authorization", format!("OAuth {ADMIN}")) };
            let status = call.header(name, value).send().await.unwrap().status().as_u16();
            assert!(status < 500, "{name}: {status}");
        }
    }
    for query in ["q=%00", "q=name=%ff", "q=uuid=%00", "limit=%00", "sort=%00", "fields=%00", "%00=%00", "q", "&&=&"] {
        let (status, body) = {
            let answer = server.request(Method::GET, &format!("/v1/images?{query}")).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        assert!(status == 200 || status == 400 || status == 503, "{query}: {status}");
        assert!(!body.contains("SYS.1000"), "{query}: {body}");
    }
    healthy(&server).await;
}

#[tokio::test]
async fn hundreds_of_idle_and_dribbling_connections_hold_nobody_up_for_long() {
    let mut config = crate::server::config();
    (config.max_connections, config.first_head_timeout) = (32, Duration::from_millis(300));
    let server = TestServer::start_with(TestBackend::new(image()), config).await;
    let mut open = Vec::new();
    for nth in 0..200 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        if nth % 2 == 0 {
            stream.write_all(b"GET /v1/ima").await.unwrap();
        }
        open.push(stream);
    }
    let dribble = tokio::spawn(async move {
        for _ in 0..100 {
            for stream in &mut open {
                // Most of them have been cut.
                let _ = stream.try_write(b"x");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    healthy(&server).await;
    dribble.abort();
}
