//! Log-in, sessions and versions.

use crate::server::{ADMIN, PASSWORD, Server};
use crate::waiting::until;
use serde_json::json;
use sha2::{Digest, Sha512};
use std::path::Path;
use std::time::{Duration, Instant};

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

/// The address that a trusted proxy says a log-in comes from.
fn log_in_from(server: &Server, source: &str, password: &str) -> crate::server::Reply {
    let digest = hex::encode(Sha512::digest(password));
    let body = json!({"logInByAccount": {"accountName": "admin", "password": digest}});
    let request = server.request("PUT", "/zstack/v1/accounts/login").header("X-Forwarded-For", source);
    Server::send(request.body(body.to_string()))
}

#[test]
fn a_thousand_wrong_log_ins_at_once_lock_nobody_else_out() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start_with(temp.path(), &["--trusted-proxy", "127.0.0.1"]);
    let begun = Instant::now();
    let (wrong, refused) = std::thread::scope(|scope| {
        let attackers: Vec<_> = (0..50)
            .map(|source| {
                let server = &server;
                scope.spawn(move || {
                    // Half of them come from one address, the others from many.
                    let source = if source < 25 { "192.0.2.1".to_owned() } else { format!("198.51.100.{source}") };
                    let answers: Vec<_> = (0..20).map(|_| log_in_from(server, &source, "wrong").error()).collect();
                    let wrong = answers.iter().filter(|(code, _)| code == "ID.1000").count();
                    let refused = answers.iter().filter(|(_, text)| text.contains("too many log-ins")).count();
                    (wrong, refused)
                })
            })
            .collect();
        // Meanwhile the administrator comes from elsewhere, and is let in.
        until("the administrator to be let in", || log_in_from(&server, "203.0.113.7", PASSWORD).status == 200);
        let sums = attackers.into_iter().map(|attacker| attacker.join().unwrap());
        sums.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    assert_eq!(wrong + refused, 1000);
    // What was looked at stays far below what was tried, and more is not looked at.
    assert!(wrong < 400, "{wrong} in {:?}", begun.elapsed());
    assert_eq!(log_in_from(&server, "203.0.113.7", PASSWORD).status, 200);
    let (code, details) = log_in_from(&server, "192.0.2.1", "wrong").error();
    assert!(code == "SYS.1006" || code == "ID.1000", "{code}: {details}");
    // Sessions that exist are not concerned.
    assert_eq!(server.query("/zstack/v1/zones").len(), 1);
}

/// Puts sessions into the server's SQLite file: so many of the administrator that live, that have expired, and of others.
fn put_sessions(data: &Path, living: u32, expired: u32, others: u32) {
    let sql = "
import sqlite3, sys, uuid, time
c = sqlite3.connect(sys.argv[1], timeout=60)
now = int(time.time() * 1000)
admin = c.execute(\"select uuid from account where name = 'admin'\").fetchone()[0]
hash = c.execute(\"select password_hash from account where name = 'admin'\").fetchone()[0]
living, expired, others = map(int, sys.argv[2:])
def put(account, expires, count):
    c.executemany('insert into session (uuid, account_uuid, created, expires) values (?, ?, ?, ?)',
        [(uuid.uuid4().hex, account, now, expires) for _ in range(count)])
put(admin, now + 7200000, living)
put(admin, now - 1000, expired)
for nth in range(others // 500):
    account = uuid.uuid4().hex
    c.execute(\"insert into account (uuid, name, kind, password_hash, created, changed) values (?, ?, 'Normal', ?, 1, 1)\",
        (account, 'account-%d' % nth, hash))
    put(account, now + 7200000, 500)
c.commit()
";
    let database = data.join("imprint.db");
    let counts = [living, expired, others].map(|count| count.to_string());
    let mut arguments = vec!["-c", sql, database.to_str().unwrap()];
    arguments.extend(counts.iter().map(String::as_str));
    crate::server::run("python3", &arguments);
}

#[test]
fn a_hundred_thousand_sessions_slow_nothing_down_and_an_account_has_500_living_ones() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    // One is the server's own.
    put_sessions(temp.path(), 498, 300, 100_000);
    assert_eq!(server.log_in("admin", PASSWORD).status, 200);
    server.log_in("admin", PASSWORD).refused("ID.1006", &["500"]);
    server.log_in("account-7", PASSWORD).refused("ID.1006", &["500"]);
    let one = format!("/zstack/v1/accounts/sessions/{}", server.session());
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(server.get("/zstack/v1/zones").status, 200);
        assert_eq!(server.get(&format!("{one}/valid")).ok(), json!({"valid": true}));
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    // Whoever logs out makes room.
    server.delete(&one).ok();
    assert_eq!(server.log_in("admin", PASSWORD).status, 200);
}
