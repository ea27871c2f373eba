//! Mock calls: checked as any other, answered with examples, and nothing is done.

use crate::backend::{ADMIN, TestBackend, USER};
use crate::calls::request;
use crate::server::{TestServer, json, text};
use imprint_api::{Access, OperationDescription, operations, queries};
use serde_json::{Map, Value, json as value};

fn mock(
    server: &TestServer,
    session: &str,
    operation: &OperationDescription,
    parameters: Map<String, Value>,
) -> reqwest::RequestBuilder {
    request(server, Some(session), operation, parameters).header("X-Imprint-Mock", "true")
}

#[tokio::test]
async fn every_operation_answers_its_example_and_does_nothing() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    for operation in operations() {
        let asked = mock(&server, ADMIN, operation, operation.parameters_example());
        let (status, body) = json(asked.header("X-JSON-Schema", "true")).await;
        assert_eq!(status, 200, "{}: {body}", operation.name);
        let mut expected = operation.reply_example();
        expected["schema"] = body["schema"].clone();
        assert_eq!(body, expected, "{}", operation.name);
        for path in body["schema"].as_object().unwrap().keys() {
            let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
            assert!(body.pointer(&pointer).is_some(), "{}: {path}", operation.name);
        }
    }
    for query in queries() {
        for path in [query.path.to_owned(), format!("{}/any", query.path)] {
            let asked = server.request("GET".parse().unwrap(), &format!("/v1{path}")).header("X-Imprint-Mock", "true");
            let (status, body) = json(asked).await;
            assert_eq!(
                (status, body["schema"]["inventories[0]"].as_str()),
                (200, Some(query.tree.class)),
                "{}",
                query.name
            );
        }
    }
    assert!(server.backend.performed.lock().unwrap().is_empty());
    assert!(server.backend.queries.lock().unwrap().is_empty());
    assert!(server.backend.jobs.lock().unwrap().is_empty());
}

#[tokio::test]
async fn form_session_and_permission_are_checked_as_for_a_real_call() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    for operation in operations().iter().filter(|operation| operation.access != Access::Anyone) {
        let example = operation.parameters_example();
        let (status, body) = json(mock(&server, "garbage", operation, example.clone())).await;
        assert_eq!((status, body["error"]["code"].as_str()), (503, Some("ID.1001")), "{}: {body}", operation.name);
        if operation.access == Access::Administrator {
            let (_, body) = json(mock(&server, USER, operation, example.clone())).await;
            assert_eq!(body["error"]["code"], "ID.1002", "{}", operation.name);
        }
        let path: Vec<_> = operation.route.variables().collect();
        let required = operation.rules.iter().filter(|rule| rule.required && !path.contains(&rule.name.as_str()));
        for rule in required {
            let mut less = example.clone();
            less.remove(&rule.name);
            let (_, body) = json(mock(&server, ADMIN, operation, less)).await;
            assert_eq!(body["error"]["code"], "SYS.1007", "{}.{}", operation.name, rule.name);
            assert!(body["error"]["details"].as_str().unwrap().contains(&rule.name), "{body}");
        }
    }
    let asked = server.bare("GET".parse().unwrap(), "/v1/images").header("X-Imprint-Mock", "true");
    assert_eq!(text(asked).await.0, 400);
    let asked = server.request("GET".parse().unwrap(), "/v1/images").header("X-Imprint-Mock", "maybe");
    assert!(text(asked).await.1.contains("true or false"));
}
