//! The console's pages over HTTP: what browsers are told about them, and what they cannot be made to do.

use crate::server::{ADMIN, PASSWORD, Reply, Server, data_with, sample_disk, text};
use crate::visitor::{Visitor, done, encoded, location};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn server() -> (tempfile::TempDir, Server) {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    (temp, server)
}

const LISTS: &[&str] = &[
    "/volumes",
    "/backups",
    "/images",
    "/backup-storages",
    "/primary-storages",
    "/zones",
    "/jobs",
    "/accounts",
    "/access-keys",
    "/shares",
    "/quotas",
    "/tags",
    "/user-tags",
    "/system-tags",
];

/// Everything comes from the server, nothing runs that stands in a page, no other site frames one, nothing is kept.
#[track_caller]
fn is_guarded(reply: &Reply) {
    let header = |name: &str| reply.headers.get(name).map_or("", |value| value.to_str().unwrap());
    let policy = header("content-security-policy");
    let rules: Vec<_> = policy.split(';').map(str::trim).collect();
    for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'"] {
        assert!(rules.contains(&rule), "{rule} is not in {policy}");
    }
    assert!(rules.contains(&"frame-ancestors 'none'") && rules.contains(&"base-uri 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert_eq!(header("cache-control"), "no-store");
    assert!(header("server").starts_with("imprint/"));
}

#[test]
fn every_page_says_what_a_browser_may_do_with_it() {
    let (_temp, server) = server();
    let visitor = Visitor::signed_in(&server);
    let account = format!("/accounts/{ADMIN}");
    let others = ["/", "/settings", "/volumes/register", "/do/CreateTag", "/do/DeleteImage", account.as_str()];
    for path in others.iter().chain(LISTS) {
        let reply = visitor.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        assert_eq!(reply.headers["content-type"], "text/html;charset=UTF-8");
        is_guarded(&reply);
    }
    for (method, path, status) in [
        ("GET", "/nowhere", 404),
        ("GET", "/assets/0/console.css", 404),
        ("GET", "/do/Nothing", 404),
        ("GET", "/images/0123456789abcdef0123456789abcdef", 404),
        ("DELETE", "/images", 405),
        ("PUT", "/do/CreateTag", 405),
        ("POST", "/sign-out", 303),
        ("POST", "/do/CreateTag/curl", 200),
    ] {
        let reply = Server::send(visitor.request(method, path));
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text);
        is_guarded(&reply);
        assert_eq!(reply.headers.contains_key("allow"), status == 405, "{method} {path}");
    }
    let stranger = Visitor::new(&server);
    for path in ["/", "/images", "/sign-in", "/do/CreateTag"] {
        let reply = stranger.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.text.contains("name=\"password\""), "{path}: {}", reply.text);
        assert!(!reply.text.contains("imprint-csrf"), "{path}: {}", reply.text);
        is_guarded(&reply);
    }
    // A script cannot sign in.
    let reply = stranger.get("/events/job/0123456789abcdef0123456789abcdef");
    assert_eq!(reply.status, 401, "{}", reply.text);
    is_guarded(&reply);
}

#[test]
fn the_cookie_is_kept_from_scripts_and_from_other_sites() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start_with(temp.path(), &["--trusted-proxy", "127.0.0.1"]);
    let visitor = Visitor::new(&server);
    let form = [("account", "admin"), ("password", PASSWORD)];
    let cookie_of = |reply: &Reply| {
        let all: Vec<_> = reply.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
        assert_eq!(all.len(), 1, "{}", reply.text);
        all[0].split("; ").map(str::to_owned).collect::<Vec<_>>()
    };
    let plain = cookie_of(&Server::send(visitor.request("POST", "/sign-in").body(encoded(&form))));
    assert_eq!(plain[1..], ["Path=/", "HttpOnly", "SameSite=Strict"]);
    let over_tls = visitor.request("POST", "/sign-in").header("X-Forwarded-Proto", "https").body(encoded(&form));
    let over_tls = cookie_of(&Server::send(over_tls));
    assert_eq!(over_tls[1..], ["Path=/", "HttpOnly", "SameSite=Strict", "Secure"]);
    assert!(plain[0].starts_with("imprint-session-") && over_tls[0].starts_with("__Host-imprint-session-"));

    // Signing out ends the session, not only the cookie.
    let mut visitor = visitor;
    visitor.cookie = Some(plain[0].clone());
    let token = visitor.token();
    let reply = Server::send(visitor.request("POST", "/sign-out").body(encoded(&[("csrf", &token)])));
    assert_eq!(location(&reply), "/sign-in");
    assert_eq!(cookie_of(&reply)[..2], [server.cookie("").as_str(), "Max-Age=0"]);
    assert!(visitor.get("/images").text.contains("name=\"password\""));
}

#[test]
fn two_servers_on_one_host_leave_each_other_their_sessions() {
    let (_one_temp, one) = server();
    let (_other_temp, other) = server();
    let (at_one, at_other) = (Visitor::signed_in(&one), Visitor::signed_in(&other));
    // A browser sends all cookies of a host to each of its ports.
    let cookies = format!("{}; {}", at_one.cookie.clone().unwrap(), at_other.cookie.clone().unwrap());
    for mut visitor in [at_one, at_other] {
        visitor.cookie = Some(cookies.clone());
        assert!(visitor.get("/").text.contains("Sign out"));
        let token = visitor.token();
        Server::send(visitor.request("GET", "/zstack/v1/images").header("X-Imprint-Csrf", token)).ok();
    }
}

#[test]
fn a_form_that_another_site_sends_changes_nothing() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let visitor = Visitor::signed_in(&server);
    let (token, other) = (visitor.token(), Visitor::signed_in(&server).token());
    assert_ne!(token, other);
    let tags = || server.query("/zstack/v1/tags").len();
    let post = |token: &str| {
        let form = encoded(&[("name", "t"), ("value", "v"), ("csrf", token)]);
        visitor.request("POST", "/do/CreateTag").body(form)
    };
    let own = server.base.clone();
    let refused = [
        post(""),
        post("x"),
        post(&other),
        visitor.request("POST", "/do/CreateTag").body(encoded(&[("name", "t"), ("value", "v")])),
        post(&token).header("Origin", "http://evil.example"),
        post(&token).header("Origin", "null"),
        post(&token).header("Sec-Fetch-Site", "cross-site"),
        post(&token).header("Sec-Fetch-Site", "same-site").header("Origin", &own),
    ];
    for request in refused {
        let reply = Server::send(request);
        assert_eq!(reply.status, 422);
        // The form comes again with what was typed.
        assert!(reply.text.contains("value=\"v\""), "{}", reply.text);
        assert_eq!(tags(), 0);
    }
    // Nor does a GET do anything, whatever its query says.
    visitor.get(&format!("/do/CreateTag?name=t&value=v&csrf={token}&sure=yes"));
    assert_eq!(tags(), 0);
    let volumes = || server.query("/zstack/v1/volumes").len();
    // The one form does for both.
    let form = |token: &str| encoded(&[("name", "x"), ("file", "a.raw"), ("format", "raw"), ("csrf", token)]);
    for path in ["/sign-out", "/volumes/register"] {
        let old = Server::send(visitor.request("POST", path).body(form(&other)));
        let elsewhere = visitor.request("POST", path).header("Sec-Fetch-Site", "cross-site");
        let elsewhere = Server::send(elsewhere.body(form(&token)));
        if path == "/volumes/register" {
            // Each is told what is wrong.
            assert_eq!((old.status, elsewhere.status), (422, 422));
            assert!(old.text.contains("older than your session"), "{}", old.text);
            assert!(elsewhere.text.contains("from another address"), "{}", elsewhere.text);
        }
        assert!(visitor.get("/settings").text.contains("Sign out"), "{path}");
        assert_eq!(volumes(), 0, "{path}");
    }
    Server::send(visitor.request("POST", "/volumes/register").body(form(&token)));
    assert_eq!(volumes(), 1, "the form is right, so that only its token can have been wrong");
    // A sign-in that another site sends would put the visitor into somebody else's session.
    let form = [("account", "admin"), ("password", PASSWORD)];
    let foreign =
        Visitor::new(&server).request("POST", "/sign-in").header("Origin", "http://evil.example").body(encoded(&form));
    let reply = Server::send(foreign);
    assert!(reply.status == 422 && reply.headers.get("set-cookie").is_none(), "{}", reply.status);

    let done = Server::send(post(&token).header("Origin", &own).header("Sec-Fetch-Site", "same-origin"));
    assert!(location(&done).starts_with("/tags/"), "{}", location(&done));
    assert_eq!(tags(), 1);
}

#[test]
fn a_form_that_is_sent_twice_does_its_work_once() {
    let (_data, server) = server();
    let visitor = Visitor::signed_in(&server);
    let page = visitor.get("/do/CreateTag").text;
    let id = page.split_once("name=\"form\" value=\"").unwrap().1.split('"').next().unwrap();
    let token = visitor.token();
    let send = |name: &str| {
        let form = [("name", name), ("value", "v"), ("csrf", &token), ("form", id)];
        done(&Server::send(visitor.request("POST", "/do/CreateTag").body(encoded(&form))))
    };
    let first = send("t");
    let (page, _) = first.split_once("?done=CreateTag").unwrap();
    assert_eq!(send("t"), format!("{page}?done=before"));
    assert_eq!(server.query("/zstack/v1/tags?q=name=t").len(), 1);
    // Whoever goes back and wants something else gets that.
    let second = send("other");
    assert!(second.ends_with("?done=CreateTag") && !second.starts_with(page), "{second}");
    assert_eq!(server.query("/zstack/v1/tags").len(), 2);
}

#[test]
fn a_form_that_is_on_its_way_twice_does_its_work_once() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let visitor = Visitor::signed_in(&server);
    let (token, storage) = (visitor.token(), server.backup_storage());
    for round in 0..8 {
        for (operation, form, place, kind) in [
            ("CreateTag", vec![("name", "t"), ("value", "v")], "tags", "00"),
            // As a long job.
            (
                "CreateVolumeBackup",
                vec![("name", "b"), ("volumeUuid", volume.as_str()), ("backupStorageUuid", storage.as_str())],
                "jobs",
                "01",
            ),
        ] {
            let id = format!("0123456789ab4def8123456789ab{kind}{round:02}");
            let form = [form, vec![("csrf", token.as_str()), ("form", id.as_str())]].concat();
            let request = || visitor.request("POST", &format!("/do/{operation}")).body(encoded(&form));
            let places: Vec<_> = std::thread::scope(|scope| {
                let sent: Vec<_> = (0..4).map(|_| request()).map(|it| scope.spawn(|| Server::send(it))).collect();
                sent.into_iter().map(|it| location(&it.join().unwrap())).collect()
            });
            assert!(places.iter().all(|it| it.starts_with(&format!("/{place}/")) || it.starts_with("/backups/")));
            assert!(places.iter().filter(|it| it.contains("done=Create")).count() <= 1, "{places:?}");
        }
    }
    assert_eq!(server.query("/zstack/v1/tags").len(), 8);
    assert_eq!(server.query("/zstack/v1/longjobs").len(), 8);
}

#[test]
fn what_takes_away_asks_whether_one_is_sure() {
    let (_temp, server) = server();
    let visitor = Visitor::signed_in(&server);
    let (account, _) = server.account("ann");
    let path = "/do/DeleteAccount";
    let page = visitor.get(&format!("{path}?uuid={account}")).text;
    assert!(page.contains("name=\"sure\"") && page.contains(&account), "{page}");
    let token = visitor.token();
    let form = [("uuid", account.as_str()), ("csrf", &token)];
    assert_eq!(Server::send(visitor.request("POST", path).body(encoded(&form))).status, 422);
    let accounts = || server.query(&format!("/zstack/v1/accounts?q=uuid={account}")).len();
    assert_eq!(accounts(), 1);
    let form = [("uuid", account.as_str()), ("csrf", &token), ("sure", "yes")];
    let reply = Server::send(visitor.request("POST", path).body(encoded(&form)));
    assert_eq!(done(&reply), "/accounts?done=DeleteAccount");
    // That is said of what was done, and by no other link.
    let says = |visitor: &Visitor, place: &str| visitor.get(place).text.contains("Done: Delete");
    assert!(says(&visitor, &location(&reply)));
    assert!(!says(&Visitor::signed_in(&server), &location(&reply)));
    for place in ["/accounts?done=DeleteAccount", "/accounts?done=DeleteAccount.0123456789abcdef"] {
        assert!(!says(&visitor, place), "{place}");
    }
    assert_eq!(accounts(), 0);
}

#[test]
fn nobody_is_led_to_another_server() {
    let (_temp, server) = server();
    for next in [
        "//evil.example/x",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "/\t/evil.example",
        "/\r\nSet-Cookie: a=b",
        "evil.example",
    ] {
        let reply = Visitor::new(&server).sign_in("admin", PASSWORD, next);
        assert_eq!(location(&reply), "/", "{next:?}");
        assert_eq!(reply.headers.get_all("set-cookie").iter().count(), 1);
    }
    let mut visitor = Visitor::new(&server);
    let reply = visitor.sign_in("admin", PASSWORD, "/images?name=a%26b&sort=-size");
    assert_eq!(location(&reply), "/images?name=a%26b&sort=-size");
    for back in ["//evil.example", "javascript:alert(1)", "https://evil.example/"] {
        let reply = visitor.get(&format!("/do/CreateTag?{}", encoded(&[("back", back)])));
        assert!(!reply.text.contains("evil.example") && !reply.text.contains("javascript:"), "{}", reply.text);
    }
}

#[test]
fn whoever_must_sign_in_gets_to_where_it_was_going_with_what_it_typed() {
    let (_temp, server) = server();
    let stranger = Visitor::new(&server);
    let next = |page: &str| {
        let value = page.split_once("name=\"next\" value=\"").unwrap().1.split('"').next().unwrap();
        value.replace("&#38;", "&").replace("&amp;", "&")
    };
    let page = stranger.get("/images?name=a%26b&sort=-size").text;
    assert_eq!(next(&page), "/images?name=a%26b&sort=-size");
    // A session that ended in the middle of a form.
    let mut ended = Visitor::new(&server);
    ended.cookie = Some(server.cookie("0123456789abcdef0123456789abcdef"));
    let form = [("name", "new"), ("password", "secret words"), ("description", "a&b"), ("csrf", "x")];
    let reply = Server::send(ended.request("POST", "/do/CreateAccount").body(encoded(&form)));
    assert!(reply.text.contains("name=\"password\""), "{}", reply.text);
    assert!(!reply.text.contains("secret words"), "{}", reply.text);
    assert_eq!(next(&reply.text), "/do/CreateAccount?name=new&description=a%26b");
    let form = [("name", "x"), ("url", "https://ann:secret@files.example/x")];
    let add = Server::send(ended.request("POST", "/do/AddImage").body(encoded(&form)));
    assert_eq!(next(&add.text), "/do/AddImage?name=x&url=https%3A%2F%2Fann%40files.example%2Fx");
    let page = Visitor::signed_in(&server).get(&next(&reply.text)).text;
    assert!(page.contains("value=\"new\"") && page.contains("a&#38;b"), "{page}");
}

#[test]
fn a_link_from_another_site_has_the_page_asked_for_again() {
    let (_temp, server) = server();
    let stranger = Visitor::new(&server);
    let from =
        |site: &str| Server::send(stranger.request("GET", "/images?name=a%26b").header("Sec-Fetch-Site", site)).text;
    let refresh = "<noscript><meta http-equiv=\"refresh\" content=\"0; url=/images?name=a%26b\"></noscript>";
    let (elsewhere, here) = (from("cross-site"), from("same-origin"));
    assert!(elsewhere.contains(refresh) && elsewhere.contains("data-again=\"yes\""), "{elsewhere}");
    assert!(!here.contains("refresh") && !here.contains("data-again"), "{here}");
    // No path leads to another host.
    let sent = stranger.request("GET", "//other.example/images").header("Sec-Fetch-Site", "cross-site");
    let reply = Server::send(sent).text;
    assert!(!reply.contains("url=//") && !reply.contains("value=\"//"), "{reply}");
    // Over plain HTTP nobody says where it came from, and a script finds out whether somebody is signed in.
    let untold = stranger.get("/images?name=a%26b").text;
    assert!(!untold.contains("refresh") && untold.contains("data-again=\"perhaps\""), "{untold}");
    assert!(!Visitor::signed_in(&server).get("/images").text.contains("data-again"));
    assert!(!stranger.get("/sign-in").text.contains("data-again"));
}

#[test]
fn a_head_is_answered_as_a_get_without_its_body() {
    let (_temp, server) = server();
    let visitor = Visitor::signed_in(&server);
    for path in ["/", "/images", "/nowhere", "/do/CreateTag"] {
        let reply = Server::send(visitor.request("HEAD", path));
        assert_eq!(reply.status, visitor.get(path).status, "{path}");
        assert_eq!(reply.text, "");
        is_guarded(&reply);
    }
}

#[test]
fn pages_and_files_travel_compressed_where_that_can_be_read() {
    let (_temp, server) = server();
    let visitor = Visitor::signed_in(&server);
    let plain = visitor.get("/images");
    assert!(plain.headers.get("content-encoding").is_none());
    let style = plain.text.split_once("rel=\"stylesheet\" href=\"").unwrap().1.split('"').next().unwrap().to_owned();
    for path in ["/images", &style] {
        let whole = visitor.get(path).text;
        let response = visitor.request("GET", path).header("Accept-Encoding", "gzip, br").send().unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip", "{path}");
        assert_eq!(response.headers()["vary"], "Accept-Encoding", "{path}");
        let packed = response.bytes().unwrap();
        assert!(packed.starts_with(&[0x1f, 0x8b]) && packed.len() * 2 < whole.len(), "{path}: {}", packed.len());
    }
    let reply = visitor.get(&style);
    assert_eq!(reply.headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(reply.headers["content-type"], "text/css;charset=UTF-8");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
}

#[test]
fn the_first_page_is_small() {
    let (_temp, server) = server();
    let visitor = Visitor::signed_in(&server);
    let page = visitor.get("/").text;
    // The style sheet, the scripts and the icon.
    let assets: Vec<_> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert!(assets.len() >= 3, "{assets:?}");
    let packed = |path: &str| {
        let response = visitor.request("GET", path).header("Accept-Encoding", "gzip").send().unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().unwrap().len()
    };
    let bytes = packed("/") + assets.iter().map(|path| packed(path)).sum::<usize>();
    assert!(bytes < 100 << 10, "{bytes} bytes");
}

/// The status of a request whose path goes out exactly so.
fn status_of(server: &Server, path: &str) -> u16 {
    let mut stream = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(!answer.contains("root:") && !answer.contains("[package]"), "{path}: {answer}");
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn no_path_leads_out_of_the_assets() {
    let (_temp, server) = server();
    let page = Visitor::new(&server).get("/sign-in").text;
    let style = page.split_once("rel=\"stylesheet\" href=\"").unwrap().1.split('"').next().unwrap();
    let folder = style.strip_suffix("/console.css").unwrap();
    assert_eq!(status_of(&server, style), 200);
    for path in [
        "../../../../etc/passwd",
        "..%2f..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..\\..\\etc\\passwd",
        "console.css%00",
        "console.css/../../Cargo.toml",
        "....//....//etc/passwd",
    ] {
        assert!(matches!(status_of(&server, &format!("{folder}/{path}")), 401 | 404), "{path}");
    }
}

/// Submits a backup that takes some seconds.
fn slow_backup(server: &Server) -> String {
    let volume = server.volume("a.raw", "raw");
    let data = json!({"volumeUuid": volume, "backupStorageUuid": server.backup_storage(), "name": "slow",
        "volumeReadBandwidth": 1 << 20});
    let params = json!({"jobName": "APICreateVolumeBackupMsg", "jobData": data.to_string(), "name": "slow"});
    text(&server.post("/zstack/v1/longjobs", &json!({"params": params})).inventory()["uuid"])
}

#[test]
fn the_events_of_a_job_end_with_it() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let visitor = Visitor::signed_in(&server);
    let job = slow_backup(&server);
    let reply = Server::send(visitor.request("GET", &format!("/events/job/{job}")));
    assert_eq!(reply.headers["content-type"], "text/event-stream");
    is_guarded(&reply);
    // Comments keep the connection alive while nothing changes.
    let events: Vec<_> = reply.text.split_terminator("\n\n").filter(|event| !event.starts_with(':')).collect();
    assert!(events.len() > 1, "{}", reply.text);
    let (last, before) = events.split_last().unwrap();
    assert!(before.iter().all(|event| event.starts_with("event: part\n") && event.contains("Running")), "{before:?}");
    assert!(last.starts_with("event: end\n") && last.contains("Succeeded"), "{last}");
    assert!(events.iter().all(|event| event.lines().skip(1).all(|line| line.starts_with("data: "))), "{events:?}");
    // Once it has ended, there is the end and nothing else.
    let again = visitor.get(&format!("/events/job/{job}"));
    assert_eq!(again.text.matches("event: ").count(), 1);
    // Another account sees nothing of it.
    let mut other = Visitor::new(&server);
    server.account("ann");
    other.sign_in("ann", "ann", "/");
    assert!(!other.get(&format!("/events/job/{job}")).text.contains("Succeeded"));
    assert_eq!(other.get(&format!("/jobs/{job}")).status, 404);
    // What is gone has no more events: whoever watches asks for the page, which says so.
    server.delete(&format!("/zstack/v1/longjobs/{job}"));
    assert_eq!(visitor.get(&format!("/events/job/{job}")).text, "event: end\ndata: \n\n");
}

#[test]
fn a_server_that_stops_waits_for_nobody_who_watches() {
    let (temp, _) = data_with("a.raw", &sample_disk(1).repeat(8));
    let server = Server::start(temp.path());
    let visitor = Visitor::signed_in(&server);
    let job = slow_backup(&server);
    let mut stream = visitor.request("GET", &format!("/events/job/{job}")).send().unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"event: part\n");
    let begun = Instant::now();
    assert!(server.terminate().success());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let mut rest = String::new();
    let _ = stream.read_to_string(&mut rest);
}

#[test]
fn scripts_of_pages_call_the_api_with_cookie_and_token() {
    let (_temp, server) = server();
    let visitor = Visitor::signed_in(&server);
    let token = visitor.token();
    let zones = |token: Option<&str>| {
        let request = visitor.request("GET", "/zstack/v1/zones");
        Server::send(match token {
            Some(token) => request.header("X-Imprint-Csrf", token),
            None => request,
        })
    };
    assert_eq!(zones(Some(&token)).ok()["inventories"].as_array().unwrap().len(), 1);
    let other = Visitor::signed_in(&server).token();
    for token in [None, Some(""), Some("x"), Some(other.as_str())] {
        assert_eq!(zones(token).status, 400, "{token:?}");
    }
    let body = json!({"params": {"name": "t", "value": "v"}}).to_string();
    let create = || visitor.request("POST", "/zstack/v1/tags").body(body.clone());
    assert_eq!(Server::send(create()).status, 400);
    assert_eq!(server.query("/zstack/v1/tags").len(), 0);
    Server::send(create().header("X-Imprint-Csrf", &token)).ok();
    assert_eq!(server.query("/zstack/v1/tags").len(), 1);
}

#[test]
fn guesses_through_the_form_are_counted_like_those_through_the_api() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start_with(temp.path(), &["--trusted-proxy", "127.0.0.1"]);
    let visitor = Visitor::new(&server);
    let sign_in = |from: &str, password: &str| {
        let form = [("account", "admin"), ("password", password)];
        Server::send(visitor.request("POST", "/sign-in").header("X-Forwarded-For", from).body(encoded(&form)))
    };
    let wrong = (0..40).map(|_| sign_in("192.0.2.1", "wrong"));
    let limited = wrong.filter(|reply| reply.text.contains("too many log-ins")).count();
    assert!(limited > 0, "{limited}");
    // The right one is not looked at from there either, by any way; elsewhere it is.
    let refused = sign_in("192.0.2.1", PASSWORD);
    assert!(refused.text.contains("too many log-ins"));
    // It is not the password that is wrong.
    assert_eq!(refused.status, 503);
    let wrong = sign_in("203.0.113.7", "wrong");
    assert_eq!(wrong.status, 401);
    assert!(wrong.text.contains("type the password again") && !wrong.text.contains("SHA-512"), "{}", wrong.text);
    assert_eq!(sign_in("203.0.113.7", PASSWORD).status, 303);
}
