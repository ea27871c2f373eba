//! Mock calls: checked as any other, answered with examples, and nothing is done.

use crate::backend::{ADMIN, TestBackend, USER};
use crate::server::{TestServer, json, text};
use imprint_api::{Access, Method, OperationDescription, operations, queries};
use serde_json::{Map, Value, json as value};

/// The request that a client would send with these parameters.
fn request(
    server: &TestServer,
    session: &str,
    operation: &OperationDescription,
    mut parameters: Map<String, Value>,
) -> reqwest::RequestBuilder {
    let mut path = "/v1".to_owned();
    for segment in operation.route.path().split('/').filter(|segment| !segment.is_empty()) {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let given = name.and_then(|name| parameters.remove(name));
        path.push('/');
        match (name, given) {
            (None, _) => path.push_str(segment),
            (Some(_), Some(Value::String(text))) => path.push_str(&text),
            (Some(_), _) => path.push_str("any"),
        }
    }
    let method = operation.route.method();
    if matches!(method, Method::Get | Method::Delete) {
        let lists = parameters.into_iter().flat_map(|(name, value)| match value {
            Value::Array(elements) => elements.into_iter().map(|element| (name.clone(), element)).collect(),
            value => vec![(name, value)],
        });
        let pairs: Vec<_> = lists
            .map(|(name, value)| format!("{name}={}", value.as_str().map_or(value.to_string(), str::to_owned)))
            .collect();
        path = format!("{path}?{}", pairs.join("&"));
        parameters = Map::new();
    }
    let method = method.as_str().parse().unwrap();
    let request = server.bare(method, &path).header("X-Imprint-Mock", "true");
    let request = request.header("Authorization", format!("OAuth {session}"));
    match &operation.body_key {
        Some(key) => request.body(value!({ key: parameters }).to_string()),
        None => request,
    }
}

#[tokio::test]
async fn every_operation_answers_its_example_and_does_nothing() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    for operation in operations() {
        let asked = request(&server, ADMIN, operation, operation.parameters_example());
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
        let (status, body) = json(request(&server, "garbage", operation, example.clone())).await;
        assert_eq!((status, body["error"]["code"].as_str()), (503, Some("ID.1001")), "{}: {body}", operation.name);
        if operation.access == Access::Administrator {
            let (_, body) = json(request(&server, USER, operation, example.clone())).await;
            assert_eq!(body["error"]["code"], "ID.1002", "{}", operation.name);
        }
        let path: Vec<_> = operation.route.variables().collect();
        let required = operation.rules.iter().filter(|rule| rule.required && !path.contains(&rule.name.as_str()));
        for rule in required {
            let mut less = example.clone();
            less.remove(&rule.name);
            let (_, body) = json(request(&server, ADMIN, operation, less)).await;
            assert_eq!(body["error"]["code"], "SYS.1007", "{}.{}", operation.name, rule.name);
            assert!(body["error"]["details"].as_str().unwrap().contains(&rule.name), "{body}");
        }
    }
    let asked = server.bare("GET".parse().unwrap(), "/v1/images").header("X-Imprint-Mock", "true");
    assert_eq!(text(asked).await.0, 400);
    let asked = server.request("GET".parse().unwrap(), "/v1/images").header("X-Imprint-Mock", "maybe");
    assert!(text(asked).await.1.contains("true or false"));
}
