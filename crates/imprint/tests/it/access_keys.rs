//! Access keys: made, used as both SDKs use them, and ended.

use crate::server::{ADMIN, Reply, Server, text};
use crate::waiting::until;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use imprint_test_support::PostgresCluster;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use std::time::{Duration, Instant};

/// A key as its holder has it.
struct Key {
    id: String,
    secret: String,
    uuid: String,
}

impl Key {
    fn of(inventory: &Value) -> Self {
        Self {
            id: text(&inventory["AccessKeyID"]),
            secret: text(&inventory["AccessKeySecret"]),
            uuid: text(&inventory["uuid"]),
        }
    }

    fn create(server: &Server, account: &str) -> Self {
        let params = json!({"accountUuid": account, "userUuid": account, "description": "of a script"});
        Self::of(&server.finish(server.post("/zstack/v1/accesskeys", &json!({"params": params}))).inventory())
    }

    fn authorization(&self, method: &str, date: &str, path: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.secret.as_bytes());
        let signature = hmac::sign(&key, format!("{method}\n{date}\n{path}").as_bytes());
        format!("ZStack {}:{}", self.id, STANDARD.encode(signature))
    }

    /// Signs `path`, which begins with `/v1`, and calls it with a query string.
    fn call(&self, server: &Server, method: &str, path: &str, query: &str, body: &Value) -> Reply {
        let date = date("%Z", "UTC");
        let request = server
            .request(method, &format!("/zstack{path}{query}"))
            .header("Authorization", self.authorization(method, &date, path))
            .header("Date", date);
        Server::send(if body.is_null() { request } else { request.body(body.to_string()) })
    }

    fn zones(&self, server: &Server) -> Reply {
        self.call(server, "GET", "/v1/zones", "?q=name=default", &Value::Null)
    }
}

/// Now, in this zone, and the zone in this form.
fn date(form: &str, zone: &str) -> String {
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    jiff::Timestamp::now().to_zoned_datetime(zone).strftime(&format!("%a, %d %b %Y %H:%M:%S {form}")).to_string()
}

#[test]
fn a_key_signs_calls_as_the_sdks_do() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let key = Key::create(&server, ADMIN);
    assert_eq!((key.id.len(), key.secret.len()), (20, 40));
    assert_eq!(key.zones(&server).ok()["inventories"][0]["name"], "default");
    // The Java SDK writes the id of its zone, the Go SDK its abbreviation or its offset.
    for date in [
        date("%Q", "Asia/Shanghai"),
        date("%Z", "Asia/Shanghai"),
        date("%z", "America/Sao_Paulo"),
        date("%Z", "America/New_York"),
    ] {
        let request = server
            .request("GET", "/zstack/v1/zones")
            .header("Authorization", key.authorization("GET", &date, "/v1/zones"))
            .header("Date", date);
        Server::send(request).ok();
    }
    // A call that goes on as a job, and its poll with the headers of the call.
    let (path, date) = ("/v1/volumes/data", date("GMT", "UTC"));
    let signed = |request: reqwest::blocking::RequestBuilder| {
        request.header("Authorization", key.authorization("POST", &date, path)).header("Date", &date)
    };
    let call = signed(server.request("POST", path)).header("X-Job-UUID", "a".repeat(32)).body("{}");
    let accepted = Server::send(call);
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    let location = text(&accepted.json()["location"]);
    let path = &location[location.find("/zstack/").unwrap()..];
    Server::send(signed(server.request("GET", path))).refused("SYS.1007", &["name"]);
}

#[test]
fn what_is_not_signed_so_is_refused_in_plain_text() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let key = Key::create(&server, ADMIN);
    let other = Key { secret: "x".repeat(40), id: key.id.clone(), uuid: String::new() };
    let unknown = Key { id: "y".repeat(20), secret: key.secret.clone(), uuid: String::new() };
    for (reply, token) in [
        (other.zones(&server), "wrong accessKey signature"),
        (unknown.zones(&server), "access key id"),
        (Key { id: "a\u{7f}b".replace('\u{7f}', "%00"), ..unknown }.zones(&server), "access key id"),
    ] {
        assert!(reply.status == 403 && reply.text.contains(token), "{} {}", reply.status, reply.text);
    }
    let state = |event: &str| {
        let body = json!({"changeAccessKeyState": {"stateEvent": event}});
        server.finish(server.put(&format!("/zstack/v1/accesskeys/{}/actions", key.uuid), &body)).inventory()
    };
    assert_eq!(state("disable")["state"], "Disabled");
    let refused = key.zones(&server);
    assert!(refused.status == 403 && refused.text.contains("access key id is disabled"), "{}", refused.text);
    assert_eq!(state("enable")["state"], "Enabled");
    key.zones(&server).ok();
    server.finish(server.delete(&format!("/zstack/v1/accesskeys/{}", key.uuid))).ok();
    let refused = key.zones(&server);
    assert!(refused.status == 403 && refused.text.contains("unknown access key id"), "{}", refused.text);
    assert_eq!(server.finish(server.delete(&format!("/zstack/v1/accesskeys/{}", key.uuid))).ok(), json!({}));
}

#[test]
fn the_secret_is_told_once_and_given_ids_are_kept() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let create = |params: Value| {
        let mut all = json!({"accountUuid": ADMIN, "userUuid": ADMIN});
        all.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
        server.finish(server.post("/zstack/v1/accesskeys", &json!({"params": all})))
    };
    let given = json!({"AccessKeyID": "my-key-0001", "AccessKeySecret": "my-secret-0001"});
    let made = create(given.clone()).inventory();
    assert_eq!((&made["AccessKeyID"], &made["AccessKeySecret"]), (&given["AccessKeyID"], &given["AccessKeySecret"]));
    Key::of(&made).zones(&server).ok();
    let found = server.query("/zstack/v1/accesskeys?q=AccessKeyID=my-key-0001");
    assert_eq!(found[0]["uuid"], made["uuid"]);
    assert!(found[0].get("AccessKeySecret").is_none(), "{}", found[0]);
    assert!(server.query("/zstack/v1/accesskeys?q=AccessKeySecret=my-secret-0001").is_empty());
    create(given).refused("SYS.1007", &["AccessKeyID", "my-key-0001"]);
    create(json!({"AccessKeyID": "short"})).refused("SYS.1007", &["AccessKeyID"]);
    create(json!({"AccessKeyID": "with:colon!"})).refused("SYS.1007", &["AccessKeyID", "colon"]);
    create(json!({"AccessKeySecret": "s".repeat(41)})).refused("SYS.1007", &["AccessKeySecret"]);
    create(json!({"userUuid": "someone"})).refused("SYS.1007", &["userUuid"]);
    create(json!({"accountUuid": "0d9b7c3e41fa4e6b8c52a17f6630be94"})).refused("SYS.1003", &["accountUuid"]);
}

#[test]
fn accounts_have_their_own_keys_and_touch_no_others() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let (alice, session) = server.account("alice");
    let of_admin = Key::create(&server, ADMIN);
    let call = |method: &str, path: &str, body: Value| server.finish(server.call_as(&session, method, path, &body));
    let create = |account: &str| {
        call("POST", "/zstack/v1/accesskeys", json!({"params": {"accountUuid": account, "userUuid": account}}))
    };
    let own = Key::of(&create(&alice).inventory());
    create(ADMIN).refused("SYS.1006", &["permission denied", "accountUuid"]);
    let path = format!("/zstack/v1/accesskeys/{}", of_admin.uuid);
    call("DELETE", &path, Value::Null).refused("SYS.1006", &["permission denied"]);
    let disable = json!({"changeAccessKeyState": {"stateEvent": "disable"}});
    call("PUT", &format!("{path}/actions"), disable).refused("SYS.1006", &["permission denied"]);
    of_admin.zones(&server).ok();
    let found = call("GET", "/zstack/v1/accesskeys", Value::Null).ok();
    assert_eq!(found["inventories"].as_array().unwrap().len(), 1);
    assert_eq!(found["inventories"][0]["AccessKeyID"], own.id);
    assert_eq!(server.query("/zstack/v1/accesskeys").len(), 2);
    // What is signed with it acts as its account: it adds no storage.
    own.zones(&server).ok();
    let params = json!({"params": {"name": "n", "url": "/x", "zoneUuid": server.query("/v1/zones")[0]["uuid"]}});
    let refused = own.call(&server, "POST", "/v1/primary-storage/local-storage", "", &params);
    server.finish(refused).refused("ID.1002", &[]);
    // It ends with its account, and belongs to nobody else then.
    server.finish(server.delete(&format!("/zstack/v1/accounts/{alice}"))).ok();
    assert!(own.zones(&server).text.contains("access key id"));
    assert_eq!(server.query("/zstack/v1/accesskeys").len(), 1);
}

#[test]
fn a_key_that_one_server_disables_ends_on_the_other_within_seconds() {
    let cluster = PostgresCluster::start().unwrap();
    let database = cluster.create_database().unwrap();
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Server::start_with(one.path(), &["--database", &database]);
    let second = Server::start_with(two.path(), &["--database", &database]);
    let key = Key::create(&first, ADMIN);
    key.zones(&second).ok();
    let body = json!({"changeAccessKeyState": {"stateEvent": "disable"}});
    first.finish(first.put(&format!("/zstack/v1/accesskeys/{}/actions", key.uuid), &body)).ok();
    let since = Instant::now();
    until("the key's end", || key.zones(&second).status == 403);
    assert!(since.elapsed() < Duration::from_secs(7));
    assert!(key.zones(&first).status == 403);
}

#[test]
fn a_replayed_request_is_refused_after_its_time() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let key = Key::create(&server, ADMIN);
    let (old, path) = ("Mon, 04 Mar 2024 09:07:05 GMT", "/v1/zones");
    let request = server.request("GET", path).header("Authorization", key.authorization("GET", old, path));
    let refused = Server::send(request.header("Date", old));
    assert_eq!((refused.status, refused.text.as_str()), (403, "requestTimeTooSkewed"));
    // Nobody logs in with a key instead of a password, and its secret is no password.
    let digest = hex::encode(Sha512::digest(&key.secret));
    assert_eq!(server.log_in("admin", &digest).status, 503);
}
