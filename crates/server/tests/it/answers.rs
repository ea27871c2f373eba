//! What is answered to calls that are well, and to requests that cannot be read.

use crate::backend::{ADMIN, KNOWN, Script, TestBackend};
use crate::server::{TestServer, json, text};
use reqwest::Method;
use serde_json::{Value, json as value};

/// An image as the API answers it.
pub(crate) fn image() -> Value {
    let reference = value!({
        "id": 1, "imageUuid": KNOWN, "backupStorageUuid": KNOWN, "installPath": "zstore://x/y", "status": "Ready",
        "createDate": "Mar 4, 2024 9:07:05 AM", "lastOpDate": "Mar 4, 2024 9:07:05 AM"
    });
    value!({"inventory": {
        "uuid": KNOWN, "name": "deb12", "state": "Enabled", "status": "Ready", "size": 1_073_741_824, "actualSize": 65536,
        "mediaType": "DataVolumeTemplate", "type": "zstack", "format": "qcow2", "system": false,
        "createDate": "Mar 4, 2024 9:07:05 AM", "lastOpDate": "Mar 4, 2024 9:07:05 AM", "backupStorageRefs": [reference]
    }})
}

/// The path of the operation of record.
pub(crate) fn template_path() -> String {
    format!("/v1/images/data-volume-templates/from/volume-template/{KNOWN}")
}

/// Parameters that the operation of record takes.
pub(crate) fn template_body() -> Value {
    value!({"params": {"backupStorageUuid": KNOWN, "name": " deb12 ", "more": {}}, "systemTags": ["bootMode::UEFI"]})
}

#[tokio::test]
async fn a_plain_call_is_answered_with_its_reply_and_leaves_no_job() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let call = server.request(Method::POST, &template_path()).body(template_body().to_string());
    assert_eq!(json(call).await, (200, image()));
    let performed = server.backend.performed.lock().unwrap().pop().unwrap();
    assert_eq!(performed.0, "CreateDataVolumeTemplateFromVolumeBackup");
    assert_eq!(performed.1["backupUuid"], KNOWN);
    assert_eq!(performed.1["name"], "deb12");
    assert_eq!(performed.1["systemTags"], value!(["bootMode::UEFI"]));
    assert!(server.backend.jobs.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_schema_is_in_the_reply_when_asked_for() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let call = server.request(Method::POST, &template_path()).body(template_body().to_string());
    let (_, body) = json(call.header("X-JSON-Schema", "false")).await;
    let schema = value!({
        "inventory": "org.zstack.header.image.ImageInventory",
        "inventory.backupStorageRefs[0]": "org.zstack.header.image.ImageBackupStorageRefInventory",
    });
    assert_eq!(body["schema"], schema);
}

#[tokio::test]
async fn both_prefixes_are_served_and_who_answers_is_said() {
    let server = TestServer::start(TestBackend::new(value!({"version": "5.2.0"}))).await;
    for url in
        [server.url("/v1/management-nodes/actions"), format!("http://{}/v1/management-nodes/actions", server.address)]
    {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.put(url).body(r#"{"getVersion":{}}"#).send().await.unwrap();
        assert_eq!(response.headers()["server"], concat!("imprint/", env!("CARGO_PKG_VERSION")));
        assert_eq!(response.text().await.unwrap(), r#"{"version":"5.2.0"}"#);
    }
}

#[tokio::test]
async fn requests_that_cannot_be_read_are_refused_in_plain_text() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let put = |body: &'static str| server.request(Method::PUT, "/v1/images/x/actions").body(body);
    let template = |body: Value| server.request(Method::POST, &template_path()).body(body.to_string());
    let cases = [
        (server.request(Method::GET, "/v1/imagez"), 404, "no api mapping to /v1/imagez"),
        (server.request(Method::GET, "/v1/images/"), 404, "no api mapping"),
        (server.request(Method::GET, "/v2/images"), 404, "no api mapping"),
        (server.request(Method::PATCH, "/v1/images"), 405, "PATCH"),
        (server.request(Method::POST, "/v1/images/x"), 405, "POST"),
        (put("{"), 400, "not JSON"),
        (put(r#"{"params":{}}"#), 400, "recoverImage, expungeImage"),
        (put(""), 400, "no action"),
        (server.bare(Method::PUT, "/v1/images/x/actions").body("{"), 400, "not JSON"),
        (server.bare(Method::GET, "/v1/images"), 400, "missing header 'Authorization'"),
        (server.bare(Method::GET, "/v1/images").header("Authorization", "Bearer x"), 400, "OAuth"),
        (server.bare(Method::GET, "/v1/images").header("Authorization", "ZStack a:b"), 400, "missing header 'Date'"),
        (template(value!({"params": {"system": "yes"}})), 400, "field[system]"),
        (template(value!({"params": []})), 400, "'params'"),
        (template(template_body()).header("X-Job-UUID", "short"), 400, "X-Job-UUID"),
        (template(template_body()).header("X-API-Timeout", "soon"), 400, "X-API-Timeout"),
        (template(template_body()).header("X-Web-Hook", "ftp://x"), 400, "X-Web-Hook"),
        (server.request(Method::GET, "/v1/images?limit=x"), 400, "'limit'"),
        (server.request(Method::GET, "/v1/images?q=deb12"), 400, "'deb12'"),
        (server.request(Method::GET, "/v1/%ff"), 400, "UTF-8"),
    ];
    for (request, status, part) in cases {
        let (found, answer) = text(request).await;
        assert_eq!(found, status, "{answer}");
        assert!(answer.contains(part), "'{answer}' lacks '{part}'");
    }
    assert!(server.backend.performed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let server = TestServer::start(TestBackend::new(image())).await;
    let name = "x".repeat(1 << 20);
    let call = server.request(Method::POST, &template_path()).body(value!({"params": {"name": name}}).to_string());
    assert_eq!(text(call).await.0, 413);
}

#[tokio::test]
async fn the_faults_of_the_service_show_nothing_of_the_machine() {
    let server = TestServer::start(TestBackend::new(image())).await;
    for script in [Script::Break, Script::Panic] {
        *server.backend.script.lock().unwrap() = script;
        let call = server.request(Method::POST, &template_path()).body(template_body().to_string());
        let (status, body) = json(call).await;
        assert_eq!((status, &body["error"]["code"]), (503, &value!("SYS.1000")));
        assert!(!body.to_string().contains("secret"), "{body}");
        assert_eq!(body.as_object().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn values_that_no_enumeration_has_are_errors_of_the_api() {
    let server = TestServer::start(TestBackend::new(value!({}))).await;
    let path = format!("/v1/images/{KNOWN}?deleteMode=Hard");
    let (status, body) = json(server.request(Method::DELETE, &path)).await;
    assert_eq!((status, &body["error"]["code"]), (503, &value!("SYS.1000")));
    assert!(body["error"]["details"].as_str().unwrap().contains("Hard"), "{body}");
    let path = format!("/v1/images/{KNOWN}?deleteMode=Enforcing");
    assert_eq!(json(server.request(Method::DELETE, &path)).await, (200, value!({})));
}

#[tokio::test]
async fn operations_that_need_no_session_do_not_look_at_the_header() {
    let server = TestServer::start(TestBackend::new(value!({"valid": true}))).await;
    for session in ["garbage", ADMIN] {
        let path = format!("/v1/accounts/sessions/{session}/valid");
        let asked = server.bare(Method::GET, &path).header("Authorization", "Bearer x");
        assert_eq!(json(asked).await, (200, value!({"valid": true})));
    }
}
