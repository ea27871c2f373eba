//! The order of checks: parameters and what they name, then the session, then the permission.

use crate::answers::{image, template_path};
use crate::backend::{ABSENT, KNOWN, TestBackend, USER};
use crate::server::{TestServer, json};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json as value};

async fn code(request: RequestBuilder) -> (String, String) {
    let (status, body) = json(request).await;
    assert_eq!(status, 503, "{body}");
    let text = |key: &str| body["error"][key].as_str().unwrap().to_owned();
    (text("code"), text("details"))
}

fn template(server: &TestServer, session: &str, params: &Value) -> RequestBuilder {
    let request = server.bare(Method::POST, &template_path()).header("Authorization", format!("OAuth {session}"));
    request.body(value!({"params": params}).to_string())
}

#[tokio::test]
async fn parameters_are_checked_before_the_session_and_ids_too() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let (found, details) = code(template(&server, "bad", &value!({"backupStorageUuid": ABSENT}))).await;
    assert_eq!(found, "SYS.1007");
    assert!(details.starts_with("field[name]"), "{details}");
    let named = value!({"name": "n", "backupStorageUuid": ABSENT});
    let (found, details) = code(template(&server, "bad", &named)).await;
    assert_eq!(found, "SYS.1003");
    assert!(details.contains("field[backupStorageUuid]") && details.contains(ABSENT), "{details}");
    let right = value!({"name": "n", "backupStorageUuid": KNOWN});
    assert_eq!(code(template(&server, "bad", &right)).await, ("ID.1001".to_owned(), "Session expired".to_owned()));
    assert_eq!(code(template(&server, "", &right)).await.0, "ID.1001");
    assert!(server.backend.performed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn ids_that_are_not_well_formed_name_nothing() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let upper = KNOWN.to_uppercase();
    for id in ["", "abc", "6f1c2a9b-e5d8-4c0f-9a3e-7b20d4c8f115", upper.as_str()] {
        let params = value!({"name": "n", "backupStorageUuid": id});
        let (found, details) = code(template(&server, USER, &params)).await;
        assert_eq!(found, "SYS.1003", "{id}");
        assert!(details.contains("field[backupStorageUuid]"), "{details}");
    }
    let params = value!({"name": "n", "backupStorageUuid": KNOWN, "tagUuids": [KNOWN, ABSENT]});
    let (found, details) = code(template(&server, USER, &params)).await;
    assert_eq!(found, "SYS.1003");
    assert!(details.contains("TagPatternVO") && details.contains(ABSENT) && !details.contains(KNOWN), "{details}");
}

#[tokio::test]
async fn only_the_administrator_adds_storages() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let params = value!({"params": {"url": "/x", "name": "n", "zoneUuid": KNOWN}});
    let request = server.bare(Method::POST, "/v1/primary-storage/local-storage");
    let request = request.header("Authorization", format!("OAuth {USER}")).body(params.to_string());
    assert_eq!(code(request).await.0, "ID.1002");
}

#[tokio::test]
async fn deleting_what_is_gone_is_no_error() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    let delete = |path: String| server.request(Method::DELETE, &path);
    assert_eq!(json(delete(format!("/v1/images/{ABSENT}"))).await, (200, value!({})));
    assert_eq!(json(delete(format!("/v1/volume-backups/{ABSENT}?deleteMode=Enforcing"))).await, (200, value!({})));
    assert!(server.backend.performed.lock().unwrap().is_empty());
    assert_eq!(code(delete("/v1/images/abc".to_owned())).await.0, "SYS.1003");
    assert_eq!(code(delete(format!("/v1/images/{ABSENT}?backupStorageUuids={ABSENT}"))).await.0, "SYS.1003");
    assert_eq!(code(delete(format!("/v1/backup-storage/{KNOWN}/exported-images/{ABSENT}"))).await.0, "SYS.1003");
    assert_eq!(
        code(server.bare(Method::DELETE, &format!("/v1/images/{ABSENT}")).header("Authorization", "OAuth x")).await.0,
        "ID.1001"
    );
}
