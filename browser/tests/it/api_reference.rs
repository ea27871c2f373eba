//! The reference, read and tried out.

use imprint_browser::{Browser, PASSWORD, Server, noise};
use serde_json::{Value, json};

const ENTER: &str = "\u{e007}";
const DOWN: &str = "\u{e015}";
const ESCAPE: &str = "\u{e00c}";
const CONTROL: char = '\u{e009}';
const TEMPLATE: &str = "/docs/CreateDataVolumeTemplateFromVolumeBackup";

/// What the answer of the last request shows.
fn answer(browser: &Browser) -> String {
    browser.script("return document.getElementById('answer').innerText", &[]).as_str().unwrap_or_default().to_owned()
}

fn images(browser: &Browser) -> Vec<Value> {
    let found = browser.call("GET", "/images", &Value::Null);
    found["inventories"].as_array().expect("rows").clone()
}

#[test]
fn an_operation_is_found_by_an_error_code_with_the_keyboard_alone() {
    let server = Server::start();
    let browser = Browser::start(server.base());
    browser.open("/docs");
    // No key without another one leads away from what one reads.
    browser.keys("/");
    assert_eq!(browser.script("return document.activeElement.id", &[]), json!(""));
    browser.chord(CONTROL, 'k');
    browser.keys("id.1000");
    browser.wait_for("PUT /zstack/v1/accounts/login");
    let said = || browser.script("return document.querySelector('.docs-search [role=status]').innerText", &[]);
    assert!(said().as_str().is_some_and(|said| said.ends_with(" found")), "{}", said());
    browser.keys("xyzzy");
    browser.wait_for("Nothing found.");
    browser.keys(&"\u{e003}".repeat(5));
    browser.wait_for("PUT /zstack/v1/accounts/login");
    // Escape closes what was found and the arrows lead into it: first comes the code itself, then the operations that can answer
    // it, short names before long ones.
    browser.keys(ESCAPE);
    assert_eq!(said(), json!(""));
    browser.keys(" ");
    browser.wait_for("PUT /zstack/v1/accounts/login");
    browser.keys(&format!("{DOWN}{DOWN}{DOWN}{ENTER}"));
    browser.wait_until("the operation's page", || browser.place() == "/docs/LogInByAccount");
    browser.wait_for("You can run this operation here and now.");
    // Without a script the form is sent.
    browser.open("/docs");
    browser.chord(CONTROL, 'k');
    browser.keys(&format!("exportFormat{ENTER}"));
    browser.wait_until("what was found", || browser.place() == "/docs?q=exportFormat");
    browser.wait_for("ExportImageFromBackupStorage");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_permalink_leads_through_the_sign_in_to_a_mock_and_then_to_the_real_thing() {
    let server = Server::start();
    std::fs::write(server.volume("disk.raw"), noise(1, 1 << 20)).expect("a disk");
    let browser = Browser::start(server.base());
    browser.open(TEMPLATE);
    browser.wait_for("You are not signed in.");
    browser.press("Sign in");
    browser.sign_in("admin", PASSWORD);
    browser.wait_until("the page again", || browser.place() == TEMPLATE);
    browser.wait_for("You see none of the backups.");

    let volume = browser.register("disk", "disk.raw", "raw");
    let backup = browser.back_up(&volume, "first");
    browser.open(TEMPLATE);
    browser.wait_for("You can run this operation here and now.");
    assert_eq!(browser.value("backupUuid"), backup);
    browser.fill("name", "tried out");
    let curl = || browser.script("return document.getElementById('example-curl').textContent", &[]);
    browser.wait_until("the command line", || curl().as_str().is_some_and(|it| it.contains("\"name\":\"tried out\"")));
    assert!(curl().as_str().is_some_and(|it| it.contains(&backup)));

    browser.press("Send");
    browser.wait_until("the example", || answer(&browser).contains("\"name\": \"deb12\""));
    assert_eq!(images(&browser), Vec::<Value>::new());

    browser.tick("Real:");
    browser.press("Send");
    browser.wait_until("the image", || answer(&browser).contains("\"name\": \"tried out\""));
    assert!(answer(&browser).contains("200"), "{}", answer(&browser));
    let made = images(&browser);
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["name"], "tried out");
    assert_eq!(made[0]["url"], format!("volumeBackup://{backup}"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let (ours, others): (Vec<_>, Vec<_>) =
        browser.requested().into_iter().partition(|url| url.starts_with(server.base()));
    assert!(ours.iter().any(|url| url.ends_with(&format!("/volume-template/{backup}"))), "{ours:?}");
    let strangers: Vec<_> = others.into_iter().filter(|url| url.starts_with("http")).collect();
    assert_eq!(strangers, Vec::<String>::new());
}

#[test]
fn what_takes_away_is_asked_for_once_more() {
    let server = Server::start();
    std::fs::write(server.volume("disk.raw"), noise(1, 1 << 20)).expect("a disk");
    let browser = Browser::start(server.base());
    browser.sign_in_as_administrator();
    let volume = browser.register("disk", "disk.raw", "raw");
    let backup = browser.back_up(&volume, "first");
    let image = browser.template(&backup, "doomed");
    browser.open(&format!("/docs/DeleteImage?uuid={image}"));
    browser.tick("Real:");
    browser.press("Send");
    browser.wait_for("Are you sure?");
    browser.press("Cancel");
    assert_eq!(images(&browser)[0]["status"], "Ready");
    browser.press("Send");
    browser.press("Do it");
    browser.wait_until("the answer", || answer(&browser).contains("200"));
    assert_eq!(images(&browser)[0]["status"], "Deleted");
}

#[test]
fn a_job_is_followed_to_its_end() {
    let server = Server::start();
    std::fs::write(server.volume("disk.raw"), noise(1, 2 << 20)).expect("a disk");
    let browser = Browser::start(server.base());
    browser.sign_in_as_administrator();
    let volume = browser.register("disk", "disk.raw", "raw");
    // It takes longer than a call is waited for.
    browser.open(&format!("/docs/CreateVolumeBackup?volumeUuid={volume}&volumeReadBandwidth=131072"));
    browser.tick("Real:");
    browser.press("Send");
    browser.wait_until("the job", || answer(&browser).contains("followed to its end"));
    browser.wait_until("progress", || answer(&browser).contains(" %"));
    browser.wait_until("the backup", || answer(&browser).contains("\"status\": \"Ready\""));
    assert!(answer(&browser).contains("200") && !answer(&browser).contains("followed to its end"));
    assert_eq!(browser.complaints(), Vec::<String>::new());

    // A call that names its job tells a failure by its poll only.
    std::fs::remove_file(server.volume("disk.raw")).expect("the disk goes");
    browser.press("Send");
    browser.wait_until("the failure", || answer(&browser).contains("503") && answer(&browser).contains("\"error\""));
    assert!(!answer(&browser).contains("followed to its end"));
}

#[test]
fn queries_are_tried_out_with_their_conditions() {
    let server = Server::start();
    let browser = Browser::start(server.base());
    browser.sign_in_as_administrator();
    browser.open("/docs/QueryBackupStorage");
    browser.fill("q", "name=default");
    browser.choose("sort", "name, descending");
    browser.tick("Real:");
    browser.press("Send");
    browser.wait_until("the row", || answer(&browser).contains("\"name\": \"default\""));
    browser.fill("q", "name=none");
    browser.press("Send");
    browser.wait_until("no row", || answer(&browser).contains("\"inventories\": []"));
    // Numbers stay as they are written, also those that are too great for the language of scripts.
    browser.script(
        "const ask = window.fetch;
        window.fetch = async (url, asked) => asked?.method === 'GET'
            ? new Response('{\"a\":[9007199254740993,1.50,{}, [ ] ,\"x: {\\\\\"1,2\"],\"b\":{\"c\":null}}') : ask(url, asked);",
        &[],
    );
    browser.press("Send");
    let pretty = "{\n  \"a\": [\n    9007199254740993,\n    1.50,\n    {},\n    [],\n    \"x: {\\\"1,2\"\n  ],\n  \"b\": {\n    \"c\": null\n  }\n}";
    let body = || browser.script("return document.getElementById('answer-body').textContent", &[]);
    browser.wait_until("the great number", || body() == json!(pretty));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
