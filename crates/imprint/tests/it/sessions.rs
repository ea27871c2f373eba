//! Log-in, sessions and versions.

use crate::server::{ADMIN, PASSWORD, Server};
use serde_json::json;

#[test]
fn a_session_lives_from_log_in_to_log_out() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let session = server.log_in("admin", PASSWORD).inventory();
    assert_eq!(session["accountUuid"], ADMIN);
    assert_eq!(session["userUuid"], ADMIN);
    assert_eq!(session["noSessionEvaluation"], false);
    assert!(session.get("userType").is_none());
    let uuid = session["uuid"].as_str().unwrap();
    let valid =
        |uuid: &str| Server::send(server.request("GET", &format!("/zstack/v1/accounts/sessions/{uuid}/valid"))).ok();
    assert_eq!(valid(uuid), json!({"valid": true}));
    let query = || {
        let request = server.request("GET", "/v1/zones").header("Authorization", format!("OAuth {uuid}"));
        Server::send(request)
    };
    assert_eq!(query().ok()["inventories"][0]["name"], "default");
    let log_out = || {
        let path = format!("/zstack/v1/accounts/sessions/{uuid}?deleteMode=Permissive");
        Server::send(server.request("DELETE", &path)).ok()
    };
    assert_eq!(log_out(), json!({}));
    assert_eq!(log_out(), json!({}));
    assert_eq!(valid(uuid), json!({"valid": false}));
    assert_eq!(valid("garbage"), json!({"valid": false}));
    query().refused("ID.1001", &["Session expired"]);
}

#[test]
fn wrong_names_and_passwords_are_refused_alike() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let wrong_password = server.log_in("admin", "wrong").error();
    assert_eq!(wrong_password.0, "ID.1000");
    assert_eq!(server.log_in("nobody", PASSWORD).error(), wrong_password);
    let missing =
        server.request("PUT", "/zstack/v1/accounts/login").body(r#"{"logInByAccount":{"accountName":"admin"}}"#);
    Server::send(missing).refused("SYS.1007", &["password"]);
    let no_wrapper = server.request("PUT", "/zstack/v1/accounts/login").body("{}");
    Server::send(no_wrapper).refused("SYS.1007", &[]);
}

#[test]
fn sessions_survive_a_crash_of_the_server() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let session = server.session().to_owned();
    server.kill();
    let server = Server::start(temp.path());
    let path = format!("/zstack/v1/accounts/sessions/{session}/valid");
    assert_eq!(Server::send(server.request("GET", &path)).ok(), json!({"valid": true}));
}

#[test]
fn the_version_is_the_protocols_and_the_server_header_is_ours() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let reply = Server::send(server.request("PUT", "/zstack/v1/management-nodes/actions").body(r#"{"getVersion":{}}"#));
    assert_eq!(reply.ok()["version"], "5.2.0");
    assert!(reply.headers["server"].to_str().unwrap().starts_with("imprint/"));
}
