//! The front: paths, methods, bodies and headers, before any operation is asked.

use crate::server::Server;
use serde_json::json;

#[test]
fn the_fronts_errors_are_plain_text() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let image = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";
    let actions = format!("/zstack/v1/images/{image}/actions");
    let authorized = format!("OAuth {}", server.session());
    let cases: &[(&str, &str, Option<&str>, u16, &str)] = &[
        ("GET", "/zstack/v1/nothing", None, 404, "no api mapping to /v1/nothing"),
        ("GET", "/zstack/v1/images/", None, 404, "no api mapping"),
        ("GET", "/zstack/elsewhere", None, 404, "no api mapping"),
        ("GET", "/elsewhere", None, 404, "There is no such page"),
        ("POST", "/zstack/v1/management-nodes", None, 405, ""),
        ("PATCH", "/zstack/v1/images", None, 405, ""),
        ("HEAD", "/zstack/v1/images", None, 405, ""),
        ("PUT", &actions, Some("{"), 400, ""),
        ("PUT", &actions, Some("[1]"), 400, ""),
        ("PUT", &actions, Some("{} x"), 400, ""),
        ("PUT", &actions, None, 400, ""),
        ("PUT", &actions, Some(r#"{"dance":{}}"#), 400, "action"),
        ("PUT", &actions, Some(r#"{"updateImage":[]}"#), 400, "updateImage"),
        ("PUT", &actions, Some(r#"{"updateImage":{"system":"yes"}}"#), 400, "system"),
        ("PUT", &actions, Some(r#"{"updateImage":{"name":{"a":1}}}"#), 400, "name"),
        ("GET", "/zstack/v1/backup-storage/capacities?all=true&all=false", None, 400, "all"),
    ];
    for (method, path, body, status, part) in cases {
        let mut request = server.request(method, path).header("Authorization", &authorized);
        if let Some(body) = body {
            request = request.body((*body).to_owned());
        }
        let reply = Server::send(request);
        assert_eq!(reply.status, *status, "{method} {path} {body:?}: {}", reply.text);
        assert!(reply.text.contains(part), "{method} {path}: {}", reply.text);
        assert!(!reply.text.starts_with('{'), "{}", reply.text);
    }
}

#[test]
fn authorization_comes_after_the_action_and_before_the_parameters() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let send = |header: Option<&str>, body: &str| {
        let mut request = server.request("PUT", "/v1/images/x/actions").body(body.to_owned());
        if let Some(header) = header {
            request = request.header("Authorization", header);
        }
        Server::send(request)
    };
    assert!(send(None, r#"{"dance":{}}"#).text.contains("action"));
    let missing = send(None, r#"{"updateImage":{}}"#);
    assert_eq!((missing.status, missing.text.as_str()), (400, "missing header 'Authorization'"));
    assert_eq!(send(Some("oauth x"), r#"{"updateImage":{}}"#).status, 400);
    send(Some("OAuth"), r#"{"updateImage":{}}"#).refused("SYS.1003", &["uuid", "x"]);
    let key = send(Some("ZStack id:sig"), r#"{"updateImage":{}}"#);
    assert_eq!(key.status, 400);
    assert!(key.text.contains("Date"), "{}", key.text);
}

#[test]
fn bodies_over_the_limit_are_refused_and_unknown_fields_are_not() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let huge = json!({"params": {"name": "x".repeat(2 << 20)}}).to_string();
    let request = server.request("POST", "/zstack/v1/volumes/data").header("Authorization", "OAuth x").body(huge);
    assert_eq!(Server::send(request).status, 413);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let request = server.request("POST", "/zstack/v1/volumes/data").header("Authorization", "OAuth x").body(deep);
    assert_eq!(Server::send(request).status, 400);
    let body = json!({"params": {"name": "v", "diskSize": 1 << 20, "new": {"er": [1]}}, "extra": null});
    assert_eq!(server.post("/v1/volumes/data", &body).inventory()["name"], "v");
}

#[test]
fn numbers_and_booleans_may_come_as_text() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    for size in [json!("1048576"), json!(1_048_576.0), json!(1_048_576)] {
        let body = json!({"params": {"name": "v", "diskSize": size}});
        assert_eq!(server.post("/zstack/v1/volumes/data", &body).inventory()["size"], 1 << 20);
    }
    let body = json!({"params": {"name": "v", "diskSize": 1.5}});
    assert_eq!(server.post("/zstack/v1/volumes/data", &body).status, 400);
}
