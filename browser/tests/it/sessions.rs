//! Who is signed in, and for how long.

use imprint_browser::{Browser, PASSWORD, Server, make_qcow2, noise};
use serde_json::{Value, json};

#[test]
fn a_permalink_leads_through_the_sign_in_to_the_same_page() {
    let server = Server::start();
    let browser = Browser::start(server.base());
    let place = "/images?name=gold%25+%26%3D&status=Ready&sort=-size&page=2";
    browser.open(place);
    assert!(!browser.text().contains("Sign out"));
    // Whoever errs is told so, and still gets there.
    browser.sign_in_wrongly("admin");
    browser.sign_in("admin", PASSWORD);
    assert_eq!(browser.place(), place);
    assert_eq!((browser.value("Name"), browser.value("Status")), ("gold% &=".to_owned(), "Ready".to_owned()));
    browser.wait_for("Nothing matches.");
}

#[test]
fn a_link_from_another_site_leads_whoever_is_signed_in_to_the_page() {
    let server = Server::start();
    // Over plain HTTP, browsers say where a request comes from to addresses of this machine alone.
    for [ours, other] in [["127.0.0.1", "imprint.test"], ["imprint.test", "127.0.0.1"]] {
        let (ours, other) = (server.base().replace("127.0.0.1", ours), server.base().replace("127.0.0.1", other));
        let browser = Browser::start(&ours);
        let follow = |place: &str| {
            browser.visit(&format!("{other}/sign-in"));
            assert!(!browser.text().contains("Sign out"));
            browser.script(&format!("location.href = {}", Value::from(format!("{ours}{place}"))), &[]);
        };
        follow("/images?status=Ready");
        browser.wait_until("the page", || browser.place() == "/images?status=Ready");
        browser.sign_in_as_administrator();
        browser.complaints();
        for place in ["/images?status=Ready", "/docs/QueryImage#availability"] {
            follow(place);
            browser.wait_for("Sign out");
            assert_eq!(browser.place(), place);
        }
        assert_eq!(browser.complaints(), [""; 0]);
        // No link leads whoever is signed in to another host.
        follow("//docs/QueryImage");
        browser.wait_for("Sign out");
        assert!(browser.script("return location.href", &[]).as_str().is_some_and(|url| url.starts_with(&ours)));
    }
}

#[test]
fn a_session_that_ends_in_the_middle_of_a_form_costs_nothing_that_was_typed() {
    let server = Server::start();
    let browser = Browser::start(server.base());
    browser.sign_in_as_administrator();
    browser.open("/do/CreateTag");
    browser.fill("Name", "project & more");
    browser.fill("Value", "line::{x}");
    let ended = browser.call("DELETE", &format!("/accounts/sessions/{}", browser.session()), &Value::Null);
    assert_eq!(ended, json!({}));
    browser.press("Create tag");
    browser.wait_for("Your session has ended.");
    browser.sign_in("admin", PASSWORD);
    assert_eq!(browser.value("Name"), "project & more");
    assert_eq!(browser.value("Value"), "line::{x}");
    browser.choose("Type", "withToken");
    browser.press("Create tag");
    browser.wait_until("the tag's page", || browser.place().starts_with("/tags/"));
    assert_eq!(browser.fact("Name"), "project & more");
}

#[test]
fn the_secret_of_an_access_key_is_shown_once() {
    let server = Server::start();
    let browser = Browser::start(server.base());
    browser.sign_in_as_administrator();
    browser.press("admin");
    browser.press("Create access key");
    browser.press("Create access key");
    browser.wait_for("it is not shown again");
    let secret = browser.fact("Secret");
    assert!(secret.len() >= 32, "{secret}");
    let key = browser.fact("Access key id");
    // Going back does not show it again.
    browser.open("/jobs");
    browser.back();
    assert!(!browser.source().contains(&secret), "{}", browser.place());
    for path in ["/access-keys", "/jobs", "/"] {
        browser.open(path);
        assert!(!browser.source().contains(&secret), "{path}");
    }
    browser.open("/access-keys");
    browser.press(&key);
    assert!(browser.text().contains(&key) && !browser.source().contains(&secret));
}

#[test]
fn a_normal_account_sees_its_own_and_nothing_else() {
    let server = Server::start();
    make_qcow2(&server.volume("a.qcow2"), &noise(1, 1 << 20), 1 << 20);
    let browser = Browser::start(server.base());
    browser.sign_in_as_administrator();
    let volume = browser.register("secret volume", "a.qcow2", "qcow2");
    let backup = browser.back_up(&volume, "secret backup");
    let second = browser.back_up(&volume, "secret second backup");
    let image = browser.template(&backup, "secret image");
    let data = json!({"volumeUuid": volume, "backupStorageUuid": browser.backup_storage(), "name": "secret"});
    let job = browser.submit("APICreateVolumeBackupMsg", "secret job", &data);
    browser.open("/accounts");
    browser.press("Create account");
    browser.fill("Name", "ann");
    browser.fill("Password", "words of ann");
    browser.fill("The password once more", "words of ann");
    browser.press("Create account");
    browser.wait_until("the account's page", || browser.place().starts_with("/accounts/"));
    browser.press("Sign out");
    browser.sign_in("ann", "words of ann");
    browser.made("POST", "/volumes/data", &json!({"params": {"name": "volume of ann", "diskSize": 1 << 20}}));
    for path in ["/", "/volumes", "/backups", "/images", "/jobs", "/accounts"] {
        browser.open(path);
        let text = browser.text();
        assert!(text.contains("Sign out") && !text.contains("secret"), "{path}: {text}");
        assert_eq!(text.contains("volume of ann"), matches!(path, "/" | "/volumes"), "{path}: {text}");
    }
    // Nor is there a choice of what others have.
    for (path, own) in [("/do/CreateVolumeBackup", true), ("/do/DeleteImage", false), ("/do/DeleteVolumeBackup", false)]
    {
        browser.open(path);
        let choices =
            browser.script("return [...document.querySelectorAll('option')].map((it) => it.text).join()", &[]);
        let choices = choices.as_str().unwrap_or_default();
        assert!(choices.contains("volume of ann") == own && !choices.contains("secret"), "{path}: {choices}");
    }
    browser.open(&format!("/compare?older={backup}&newer={second}"));
    assert!(!browser.text().contains("secret"), "{}", browser.text());
    for (path, seen) in [(format!("/events/job/{job}"), ""), ("/events/running".to_owned(), "No jobs are running.")] {
        let first = browser.script_to_its_end(&format!(
            "const done = arguments[arguments.length - 1];
            fetch('{path}').then(async (answer) => {{
              const reader = answer.body.getReader();
              const {{ value }} = await reader.read();
              reader.cancel();
              done(new TextDecoder().decode(value));
            }}).catch((error) => done(String(error)));"
        ));
        let first = first.as_str().unwrap_or_default();
        assert!(first.starts_with("event: ") && first.contains(seen) && !first.contains("secret"), "{path}: {first}");
    }
    for path in [format!("/volumes/{volume}"), format!("/backups/{backup}"), format!("/images/{image}")] {
        browser.open(&path);
        assert!(browser.text().contains("Not found") && !browser.text().contains("secret"), "{path}");
    }
}
