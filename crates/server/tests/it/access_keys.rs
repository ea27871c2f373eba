//! Requests that are signed with an access key.

use crate::answers::{image, template_body, template_path};
use crate::backend::TestBackend;
use crate::server::{TestServer, json, text};
use reqwest::{Method, RequestBuilder};
use serde_json::json as value;

/// A request of this key, dated now.
fn signed(server: &TestServer, method: Method, path: &str, key: &str) -> RequestBuilder {
    server.bare(method, path).header("Authorization", format!("ZStack {key}")).header("Date", now())
}

fn now() -> String {
    jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test]
async fn a_right_signature_acts_and_a_wrong_one_is_told_in_plain_text() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let call = |key: &str| signed(&server, Method::POST, &template_path(), key).body(template_body().to_string());
    assert_eq!(json(call("key:right")).await.0, 200);
    assert_eq!(json(signed(&server, Method::GET, "/v1/images", "key:right")).await.0, 200);
    for (key, token) in [
        ("key:wrong", "wrong accessKey signature"),
        ("other:right", "unknown access key id"),
        ("disabled:right", "access key id is disabled"),
    ] {
        let (status, said) = text(call(key)).await;
        assert!(status == 403 && said.contains(token), "{said}");
        let (status, said) = text(signed(&server, Method::GET, "/v1/images", key)).await;
        assert!(status == 403 && said.contains(token), "{said}");
    }
    let (status, said) = text(call("broken:right")).await;
    assert!(status == 500 && said.contains("internal error"), "{said}");
    assert_eq!(server.backend.performed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_signature_is_looked_at_after_the_operation_and_before_the_parameters() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let call = |path: &str, body: &'static str| signed(&server, Method::POST, path, "key:wrong").body(body);
    assert_eq!(text(call("/v1/none", "{}")).await.0, 404);
    assert_eq!(text(call(&template_path(), "{broken")).await.0, 400);
    assert_eq!(text(call(&template_path(), r#"{"params":{"system":"abc"}}"#)).await.0, 403);
    let call = signed(&server, Method::POST, &template_path(), "key:right").body(r#"{"params":{"system":"abc"}}"#);
    assert_eq!(text(call).await.0, 400);
}

#[tokio::test]
async fn old_requests_are_refused_and_polls_never() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let old = |request: RequestBuilder| {
        request.header("Authorization", "ZStack key:right").header("Date", "Mon, 04 Mar 2024 09:07:05 GMT")
    };
    let refused = text(old(server.bare(Method::GET, "/v1/images"))).await;
    assert_eq!(refused, (403, "requestTimeTooSkewed".to_owned()));
    server.backend.close_gate();
    let call = signed(&server, Method::POST, &template_path(), "key:right").body(template_body().to_string());
    let (status, accepted) = json(call).await;
    assert_eq!(status, 202);
    let location = accepted["location"].as_str().unwrap();
    let path = &location[location.find("/v1/").unwrap()..];
    // The headers of the original request, whose signature is of another method and path.
    assert_eq!(json(old(server.bare(Method::GET, path))).await, (202, value!({})));
    server.backend.gate.add_permits(1);
    server.backend.end_written.notified().await;
    assert_eq!(json(old(server.bare(Method::GET, path))).await.0, 200);
}
