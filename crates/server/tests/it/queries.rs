//! Queries.

use crate::backend::{ABSENT, ADMIN, KNOWN, TestBackend};
use crate::server::{TestServer, json};
use imprint_api::QueryOperator;
use reqwest::Method;
use serde_json::json as value;

#[tokio::test]
async fn rows_are_answered_with_their_classes() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    let (status, body) = json(server.request(Method::GET, "/v1/images?q=name=deb12&limit=2")).await;
    assert_eq!(status, 200);
    assert_eq!(body["inventories"].as_array().unwrap().len(), 2);
    let schema = value!({
        "inventories[1]": "org.zstack.header.image.ImageInventory",
        "inventories[0]": "org.zstack.header.image.ImageInventory",
        "inventories[0].backupStorageRefs[0]": "org.zstack.header.image.ImageBackupStorageRefInventory",
    });
    assert_eq!(body["schema"], schema);
    let (collection, request) = server.backend.queries.lock().unwrap().pop().unwrap();
    assert_eq!(collection, "QueryImage");
    assert_eq!(request.conditions, [("name".to_owned(), QueryOperator::Equal, "deb12".to_owned())]);
}

#[tokio::test]
async fn a_count_has_no_rows() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    let counted = json(server.request(Method::GET, "/v1/images?count=true")).await;
    assert_eq!(counted, (200, value!({"total": 7, "schema": {}})));
}

#[tokio::test]
async fn one_by_its_uuid_ignores_all_parameters() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    let (status, _) =
        json(server.request(Method::GET, &format!("/v1/images/{ABSENT}?limit=x&q=nothing&count=true"))).await;
    assert_eq!(status, 200);
    let (_, request) = server.backend.queries.lock().unwrap().pop().unwrap();
    assert_eq!(request.conditions, [("uuid".to_owned(), QueryOperator::Equal, ABSENT.to_owned())]);
    assert!(!request.count);
}

#[tokio::test]
async fn a_type_turns_to_its_collection() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    let path = "/v1/backup-storage?q=type=ImageStoreBackupStorage";
    let (_, body) = json(server.request(Method::GET, path)).await;
    let class = "org.zstack.storage.backup.imagestore.ImageStoreBackupStorageInventory";
    assert_eq!(body["schema"]["inventories[0]"], class);
    let (collection, _) = server.backend.queries.lock().unwrap().pop().unwrap();
    assert_eq!(collection, "QueryImageStoreBackupStorage");
}

#[tokio::test]
async fn errors_of_queries_are_those_of_the_api() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    let code = |path: &str, session: &str| {
        let request = server.bare(Method::GET, path).header("Authorization", format!("OAuth {session}"));
        async { json(request).await.1["error"]["code"].as_str().unwrap().to_owned() }
    };
    assert_eq!(code("/v1/images", KNOWN).await, "ID.1001");
    assert_eq!(code("/v1/images?limit=-1", ADMIN).await, "SYS.1007");
    // A job's id means nothing to a query.
    let request = server.request(Method::GET, "/v1/zones").header("X-Job-UUID", "short").header("X-API-Timeout", "x");
    assert_eq!(json(request).await.0, 200);
}
