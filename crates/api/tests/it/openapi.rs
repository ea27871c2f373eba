//! The OpenAPI document that is checked in is the one that the declarations make.

use imprint_api::{openapi_document, operations, queries};
use std::path::Path;

#[test]
fn the_document_that_is_checked_in_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/v1.json");
    let made = format!("{:#}\n", openapi_document());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(found == made, "openapi/v1.json is out of date: run UPDATE=1 cargo test -p imprint-api openapi");
}

#[test]
fn every_operation_stands_in_the_document_once() {
    let document = openapi_document();
    let mut ids = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            ids.extend(operation["operationId"].as_str().unwrap().split("Or").map(str::to_owned));
        }
    }
    for operation in operations() {
        assert_eq!(ids.iter().filter(|id| *id == operation.name).count(), 1, "{}", operation.name);
    }
    for query in queries() {
        assert_eq!(ids.iter().filter(|id| *id == query.name).count(), 1, "{}", query.name);
    }
}

#[test]
fn actions_of_one_path_are_alternatives_by_their_key() {
    let document = openapi_document();
    let put = &document["paths"]["/images/{uuid}/actions"]["put"];
    let bodies = put["requestBody"]["content"]["application/json"]["schema"]["oneOf"].as_array().unwrap();
    let keys: Vec<_> = bodies.iter().map(|body| body["required"][0].as_str().unwrap()).collect();
    for key in ["updateImage", "changeImageState", "recoverImage", "expungeImage"] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    let id = put["operationId"].as_str().unwrap();
    assert!(id.starts_with("UpdateImageOrChangeImageStateOrRecoverImage"), "{id}");
}

#[test]
fn references_lead_somewhere() {
    fn check(document: &serde_json::Value, value: &serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(serde_json::Value::as_str) {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                fields.values().for_each(|field| check(document, field));
            }
            serde_json::Value::Array(elements) => elements.iter().for_each(|element| check(document, element)),
            _ => {}
        }
    }
    let document = openapi_document();
    check(&document, &document);
}
