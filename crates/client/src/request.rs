//! An operation's parameters as they travel: in the path, in the query string, or in the body.

use imprint_api::{Operation, Route, variable};
use serde_json::{Map, Value, json};

/// One call's parts.
pub(crate) struct Parts {
    route: Route,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
}

impl Parts {
    /// Where and how an operation is called.
    pub(crate) fn of<O: Operation>(operation: &O) -> Result<Self, serde_json::Error> {
        let parameters = match serde_json::to_value(operation)? {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        // What is absent is not sent: null and left out mean the same.
        let mut parameters: Map<_, _> = parameters.into_iter().filter(|(_, value)| !value.is_null()).collect();
        let mut path = "/zstack/v1".to_owned();
        for segment in O::ROUTE.path().split('/').filter(|segment| !segment.is_empty()) {
            path.push('/');
            match variable(segment).and_then(|name| parameters.shift_remove(name)) {
                Some(value) => path.push_str(&encoded(value.as_str().unwrap_or_default())),
                None => path.push_str(segment),
            }
        }
        let Some(key) = O::ROUTE.body_key(O::NAME) else {
            let query = parameters.into_iter().flat_map(|(name, value)| query_values(&name, value)).collect();
            return Ok(Self { route: O::ROUTE, path, query, body: None });
        };
        Ok(Self { route: O::ROUTE, path, query: Vec::new(), body: Some(json!({ key: parameters })) })
    }

    pub(crate) fn method(&self) -> reqwest::Method {
        match self.route.method() {
            imprint_api::Method::Get => reqwest::Method::GET,
            imprint_api::Method::Post => reqwest::Method::POST,
            imprint_api::Method::Put => reqwest::Method::PUT,
            imprint_api::Method::Delete => reqwest::Method::DELETE,
        }
    }

    /// Path and query string.
    pub(crate) fn path(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        let pairs: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        format!("{}?{}", self.path, pairs.join("&"))
    }

    /// The body's JSON text.
    pub(crate) fn body(&self) -> Option<String> {
        self.body.as_ref().map(Value::to_string)
    }
}

/// A parameter in a query string; a list is repeated.
fn query_values(name: &str, value: Value) -> Vec<(String, String)> {
    match value {
        Value::Array(elements) => elements.into_iter().flat_map(|element| query_values(name, element)).collect(),
        Value::String(text) => vec![(name.to_owned(), text)],
        other => vec![(name.to_owned(), other.to_string())],
    }
}

/// A text as one part of a path or of a query string.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use imprint_api::{DeleteImage, DeleteMode, UpdateImage};
    use imprint_domain::{BackupStorageUuid, ImageUuid};

    #[test]
    fn parameters_travel_where_the_route_says() {
        let (image, storage) = (ImageUuid::random(), BackupStorageUuid::random());
        let delete = DeleteImage {
            uuid: image,
            backup_storage_uuids: Some(vec![storage, storage]),
            delete_mode: DeleteMode::Permissive,
        };
        let parts = Parts::of(&delete).unwrap();
        let named = format!("backupStorageUuids={storage}");
        assert!(parts.path().starts_with(&format!("/zstack/v1/images/{image}?{named}&{named}")), "{}", parts.path());
        assert_eq!(encoded("a/b y"), "a%2Fb%20y");
        assert!(parts.body().is_none());
        let update = json!({"uuid": image, "name": "n"});
        let parts = Parts::of(&serde_json::from_value::<UpdateImage>(update).unwrap()).unwrap();
        assert_eq!(parts.path(), format!("/zstack/v1/images/{image}/actions"));
        assert_eq!(parts.body().unwrap(), r#"{"updateImage":{"name":"n"}}"#);
    }
}
