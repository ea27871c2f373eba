//! Calls that outlive their request.

use crate::answers::{image, template_body, template_path};
use crate::backend::{Script, TestBackend};
use crate::server::{MAX_CALLS, TestServer, config, json, text};
use imprint_server::HttpConfig;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json as value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub(crate) const JOB: &str = "c4418f02d7aa4d3ea6b90f5e12837bd1";

pub(crate) fn template(server: &TestServer) -> RequestBuilder {
    server.request(Method::POST, &template_path()).body(template_body().to_string())
}

pub(crate) fn poll(server: &TestServer, job: &str) -> RequestBuilder {
    server.bare(Method::GET, &format!("/v1/api-jobs/{job}")).header("Authorization", "OAuth stale")
}

/// The outcome of a job, asked for until it has ended.
pub(crate) async fn outcome(server: &TestServer, job: &str) -> (u16, Value) {
    loop {
        let (status, body) = json(poll(server, job)).await;
        if status != 202 {
            return (status, body);
        }
        assert_eq!(body, value!({}));
    }
}

pub(crate) fn job_of(server: &TestServer, body: &Value) -> String {
    let location = body["location"].as_str().unwrap();
    location.strip_prefix(&server.url("/v1/api-jobs/")).unwrap().to_owned()
}

#[tokio::test]
async fn a_plain_call_that_lasts_becomes_a_job() {
    let server = TestServer::start(TestBackend::new(image())).await;
    server.backend.close_gate();
    let (status, body) = json(template(&server)).await;
    assert_eq!((status, &body["apiTimeout"]), (202, &value!(259_200_000)));
    let job = job_of(&server, &body);
    assert_eq!(json(poll(&server, &job)).await, (202, value!({})));
    server.backend.gate.add_permits(1);
    assert_eq!(outcome(&server, &job).await, (200, image()));
    let (_, with_schema) = json(poll(&server, &job).header("X-JSON-Schema", "true")).await;
    assert_eq!(with_schema["schema"]["inventory"], "org.zstack.header.image.ImageInventory");
}

#[tokio::test]
async fn a_named_call_that_succeeds_is_answered_and_can_be_polled() {
    let server = TestServer::start(TestBackend::new(image())).await;
    assert_eq!(json(template(&server).header("X-Job-UUID", JOB)).await, (200, image()));
    assert_eq!(json(poll(&server, JOB)).await, (200, image()));
}

#[tokio::test]
async fn a_named_call_that_fails_is_polled_for_its_error() {
    let server = TestServer::start(TestBackend::new(image())).await;
    *server.backend.script.lock().unwrap() = Script::Refuse;
    let (status, body) = json(template(&server).header("X-Job-UUID", JOB).header("X-API-Timeout", "90")).await;
    assert_eq!((status, &body["apiTimeout"]), (202, &value!(90_000)));
    assert_eq!(job_of(&server, &body), JOB);
    let (status, body) = outcome(&server, JOB).await;
    assert_eq!((status, &body["error"]["code"]), (503, &value!("SYS.1000")));
}

#[tokio::test]
async fn a_job_id_is_used_once_and_may_be_any_text_of_its_length() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let odd = "any text/of thirty-two?letters#1";
    assert_eq!(json(template(&server).header("X-Job-UUID", odd)).await.0, 200);
    let (status, answer) = text(template(&server).header("X-Job-UUID", odd)).await;
    assert_eq!(status, 400);
    assert!(answer.contains("duplicate job uuid"), "{answer}");
    *server.backend.script.lock().unwrap() = Script::Refuse;
    let odd = "any text/of thirty-two?letters#2";
    let (_, body) = json(template(&server).header("X-Job-UUID", odd)).await;
    assert_eq!(outcome(&server, &job_of(&server, &body)).await.0, 503);
}

#[tokio::test]
async fn what_runs_inline_is_never_a_job() {
    let server = TestServer::start(TestBackend::new(value!({"version": "5.2.0"}))).await;
    let call = server.bare(Method::PUT, "/v1/management-nodes/actions").body(r#"{"getVersion":{}}"#);
    let call = call.header("X-Job-UUID", JOB).header("X-Web-Hook", "http://127.0.0.1:1/");
    assert_eq!(json(call).await.0, 200);
    assert_eq!(text(poll(&server, JOB)).await, (404, "the job has been expired".to_owned()));
}

#[tokio::test]
async fn only_get_polls() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let request = server.bare(Method::DELETE, &format!("/v1/api-jobs/{JOB}"));
    assert_eq!(text(request).await.0, 405);
}

#[tokio::test]
async fn a_hook_is_told_the_outcome() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!("http://{}/done?x=1", listener.local_addr().unwrap());
    let (status, body) = json(template(&server).header("X-Web-Hook", hook)).await;
    assert_eq!(status, 202);
    let job = job_of(&server, &body);
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = String::new();
    while !request.ends_with(&image().to_string()) {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        assert_ne!(read, 0, "{request}");
        request.push_str(std::str::from_utf8(&piece[..read]).unwrap());
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    assert!(request.starts_with("POST /done?x=1 HTTP/1.1\r\n"), "{request}");
    let head = request.to_ascii_lowercase();
    assert!(head.contains(&format!("x-job-uuid: {job}\r\n")) && head.contains("x-job-success: true\r\n"), "{head}");
    assert_eq!(json(poll(&server, &job)).await, (200, image()));
}

#[tokio::test]
async fn hooks_at_private_addresses_are_refused_unless_allowed() {
    let strict = HttpConfig { allow_private_web_hooks: false, ..config() };
    let server = TestServer::start_with(TestBackend::new(image()), strict).await;
    let (status, answer) = text(template(&server).header("X-Web-Hook", "http://127.0.0.1:9/")).await;
    assert_eq!(status, 400);
    assert!(answer.contains("allow-private-web-hooks"), "{answer}");
    assert!(server.backend.performed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn beyond_the_limit_of_calls_the_server_says_that_it_is_busy() {
    let server = TestServer::start(TestBackend::new(image())).await;
    server.backend.close_gate();
    for _ in 0..MAX_CALLS {
        assert_eq!(json(template(&server)).await.0, 202);
    }
    let (status, body) = json(template(&server)).await;
    assert_eq!((status, &body["error"]["code"]), (503, &value!("SYS.1010")));
    server.backend.gate.add_permits(MAX_CALLS);
}
