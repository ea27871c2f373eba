//! Requests made from the declarations, as a client would make them.

use crate::server::TestServer;
use imprint_api::{Method, OperationDescription};
use serde_json::{Map, Value, json as value};

/// The request that a client would send with these parameters.
pub(crate) fn request(
    server: &TestServer,
    session: Option<&str>,
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
    let mut request = server.bare(method, &path);
    if let Some(session) = session {
        request = request.header("Authorization", format!("OAuth {session}"));
    }
    match &operation.body_key {
        Some(key) => request.body(value!({ key: parameters }).to_string()),
        None => request,
    }
}
