//! What the console's pages give one visitor at most, so that others get something too.

use crate::server::Server;
use crate::visitor::{Visitor, encoded};
use crate::waiting::until;
use reqwest::blocking::Response;

fn watch(visitor: &Visitor) -> Response {
    visitor.request("GET", "/events/running").send().unwrap()
}

#[test]
fn event_streams_of_one_account_keep_nobody_out() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    server.account("ann");
    let sign_in = || {
        let mut ann = Visitor::new(&server);
        assert_eq!(ann.sign_in("ann", "ann", "/").status, 303);
        ann
    };
    // Another session is no other account.
    let (ann, again) = (sign_in(), sign_in());
    let streams: Vec<_> = (0..16).map(|nth| watch(if nth % 2 == 0 { &ann } else { &again })).collect();
    assert!(streams.iter().all(|it| it.status() == 200));
    let refused = watch(&ann);
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"5".parse().unwrap()));
    assert_eq!(watch(&Visitor::signed_in(&server)).status(), 200);
    // Whoever has gone is noticed.
    drop(streams);
    until("a place", || watch(&ann).status() == 200);
}

#[test]
fn event_streams_take_a_quarter_of_the_connections_at_most() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start_with(temp.path(), &["--max-connections", "32"]);
    server.account("ann");
    let mut ann = Visitor::new(&server);
    ann.sign_in("ann", "ann", "/");
    let _streams: Vec<_> = (0..8).map(|_| watch(&ann)).inspect(|it| assert_eq!(it.status(), 200)).collect();
    let admin = Visitor::signed_in(&server);
    assert_eq!(watch(&admin).status(), 503);
    // All else is there.
    assert_eq!(admin.get("/").status, 200);
}

#[test]
fn no_form_makes_a_large_answer() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let (stranger, admin) = (Visitor::new(&server), Visitor::signed_in(&server));
    let send = |visitor: &Visitor, path: &str, size: usize| {
        // What is escaped most.
        let text = "'".repeat(size / 3);
        let reply = Server::send(visitor.request("POST", path).body(encoded(&[("accountUuids", &text)])));
        assert!(reply.text.len() < 4 << 20, "{path}: {} bytes answer {size}", reply.text.len());
        reply.status
    };
    for path in ["/docs/ShareResource/request", "/do/ShareResource", "/sign-in", "/volumes/register"] {
        assert_eq!(send(&stranger, path, 200 << 10), 413, "{path}");
        assert_eq!(send(&admin, path, 300 << 10), 413, "{path}");
    }
    // What people type is far from it, also with the longest list.
    let ids = vec!["0123456789abcdef0123456789abcdef"; 1000].join("\r\n");
    let form = encoded(&[("resourceUuids", &ids), ("accountUuids", &ids), ("userTags", &"\u{5099}".repeat(2048))]);
    let path = "/docs/ShareResource/request";
    for visitor in [&stranger, &admin] {
        assert_eq!(Server::send(visitor.request("POST", path).body(form.clone())).status, 200);
    }
}
