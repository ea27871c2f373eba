//! Where the jobs of calls are noted.

use crate::answers::{image, template_body, template_path};
use crate::backend::{ABSENT, KNOWN, TestBackend, USER};
use crate::jobs::{JOB, job_of, outcome, poll, template};
use crate::server::{TestServer, json, text};
use imprint_service::JobState;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json as value};
use std::sync::atomic::Ordering::SeqCst;
use tokio::net::TcpListener;

/// The call of somebody who has this session.
fn call(server: &TestServer, session: &str, body: &Value) -> RequestBuilder {
    let request = server.bare(Method::POST, &template_path()).header("Authorization", format!("OAuth {session}"));
    request.body(body.to_string())
}

#[tokio::test]
async fn a_named_call_without_a_valid_session_makes_no_row_and_is_polled_for_its_error() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let no_storage = value!({"params": {"name": "n", "backupStorageUuid": ABSENT}});
    let cases = [
        ("bad", template_body(), "ID.1001"),
        ("", template_body(), "ID.1001"),
        (KNOWN, template_body(), "ID.1001"),
        // What is told is the same as without a name: the session comes last.
        ("bad", value!({}), "SYS.1007"),
        ("bad", no_storage, "SYS.1003"),
    ];
    for (number, (session, body, code)) in cases.into_iter().enumerate() {
        let id = format!("{number:032}");
        let named = || call(&server, session, &body).header("X-Job-UUID", &id);
        let (status, accepted) = json(named()).await;
        assert_eq!((status, job_of(&server, &accepted)), (202, id.clone()));
        let (status, failed) = outcome(&server, &id).await;
        assert_eq!((status, &failed["error"]["code"]), (503, &value!(code)));
        for again in [named(), template(&server).header("X-Job-UUID", &id)] {
            let (status, answer) = text(again).await;
            assert_eq!(status, 400);
            assert!(answer.contains("duplicate job uuid"), "{answer}");
        }
    }
    assert!(server.backend.jobs.lock().unwrap().is_empty());
    assert!(server.backend.performed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_call_with_a_hook_and_without_a_valid_session_makes_no_row() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!("http://{}/", listener.local_addr().unwrap());
    let (status, body) = json(call(&server, "bad", &template_body()).header("X-Web-Hook", hook)).await;
    assert_eq!(status, 202);
    assert_eq!(outcome(&server, &job_of(&server, &body)).await.1["error"]["code"], "ID.1001");
    assert!(server.backend.jobs.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_named_call_with_a_valid_session_has_its_row_even_when_it_is_refused() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let (status, _) = json(call(&server, USER, &value!({})).header("X-Job-UUID", JOB)).await;
    assert_eq!(status, 202);
    assert_eq!(outcome(&server, JOB).await.1["error"]["code"], "SYS.1007");
    assert!(matches!(server.backend.jobs.lock().unwrap()[JOB], JobState::Done { succeeded: false, .. }));
    let (status, answer) = text(call(&server, "bad", &template_body()).header("X-Job-UUID", JOB)).await;
    assert_eq!(status, 400);
    assert!(answer.contains("duplicate job uuid"), "{answer}");
    assert_eq!(outcome(&server, JOB).await.1["error"]["code"], "SYS.1007");
}

#[tokio::test]
async fn an_end_that_cannot_be_written_is_polled_all_the_same_and_written_later() {
    let server = TestServer::start(TestBackend::new(image())).await;
    server.backend.failing_ends.store(usize::MAX, SeqCst);
    assert_eq!(json(template(&server).header("X-Job-UUID", JOB)).await, (200, image()));
    assert_eq!(server.backend.jobs.lock().unwrap()[JOB], JobState::Running);
    assert_eq!(json(poll(&server, JOB)).await, (200, image()));
    server.backend.failing_ends.store(0, SeqCst);
    server.backend.end_written.notified().await;
    assert!(matches!(server.backend.jobs.lock().unwrap()[JOB], JobState::Done { succeeded: true, .. }));
    assert_eq!(json(poll(&server, JOB)).await, (200, image()));
}

#[tokio::test]
async fn strangers_do_not_push_out_an_end_that_cannot_be_written() {
    let server = TestServer::start(TestBackend::new(image())).await;
    server.backend.failing_ends.store(usize::MAX, SeqCst);
    assert_eq!(json(template(&server).header("X-Job-UUID", JOB)).await.0, 200);
    for number in 0..=2_000 {
        let id = format!("{number:032}");
        assert_eq!(json(call(&server, "bad", &value!({})).header("X-Job-UUID", id)).await.0, 202);
    }
    assert_eq!(json(poll(&server, JOB)).await, (200, image()));
    // The first of them has been pushed out by the last.
    assert_eq!(text(poll(&server, &format!("{:032}", 0))).await.0, 404);
    assert_eq!(json(poll(&server, &format!("{:032}", 1))).await.0, 503);
    server.stop().await.unwrap();
}
