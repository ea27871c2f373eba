//! What axe finds on the pages, light and dark: nothing serious.

use crate::pages::{LISTS, OTHERS};
use imprint_browser::{Browser, Scheme, Server, make_qcow2, noise};
use serde_json::{Value, json};
use std::path::Path;

/// The script of axe-core, which is fetched and never committed.
fn axe() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/axe/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} is missing ({error}): `cargo xtask test` fetches it", path.display()))
}

/// What is wrong with the page that is shown, in words.
fn found(browser: &Browser, axe: &str) -> Vec<String> {
    browser.script(axe, &[]);
    let result = browser.script_to_its_end(
        "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] }).then((found) => done(found.violations), (error) => done(String(error)));",
    );
    let violations = result.as_array().unwrap_or_else(|| panic!("axe: {result}"));
    let is_bad = |it: &&Value| it["impact"] == json!("serious") || it["impact"] == json!("critical");
    let told = |it: &Value| {
        let nodes = it["nodes"].as_array().into_iter().flatten().take(3);
        let nodes: Vec<_> = nodes.map(|node| format!("{} — {}", node["html"], node["failureSummary"])).collect();
        format!("{}: {}\n  {}", it["id"], it["help"], nodes.join("\n  "))
    };
    violations.iter().filter(is_bad).map(told).collect()
}

/// Everything that has a page of its own; answers the pages.
fn fill(browser: &Browser, server: &Server) -> Vec<String> {
    let volume = browser.register("web server", "a.qcow2", "qcow2");
    let backup = browser.back_up(&volume, "first");
    browser.back_up(&volume, "second");
    let image = browser.template(&backup, "golden");
    browser.made("POST", "/tags", &json!({"params": {"name": "t", "value": "v"}}));
    let storage = browser.backup_storage();
    let data = json!({"volumeUuid": volume, "backupStorageUuid": storage, "name": "b"});
    let done = browser.submit("APICreateVolumeBackupMsg", "a job", &data);
    // One that goes on while it is looked at.
    let mut slow = data.clone();
    slow["volumeReadBandwidth"] = json!(32768);
    let slow = browser.submit("APICreateVolumeBackupMsg", "a job", &slow);
    let gone = browser.register("gone", "b.qcow2", "qcow2");
    std::fs::remove_file(server.volume("b.qcow2")).unwrap();
    let data = json!({"volumeUuid": gone, "backupStorageUuid": storage, "name": "b"});
    let failed = browser.submit("APICreateVolumeBackupMsg", "a job", &data);
    let mut pages = vec![format!("/volumes/{volume}"), format!("/backups/{backup}"), format!("/images/{image}")];
    pages.push(format!("/backup-storages/{storage}"));
    pages.extend([done, slow, failed].map(|job| format!("/jobs/{job}")));
    pages
}

#[test]
fn axe_finds_nothing_serious_light_or_dark() {
    let axe = axe();
    let server = Server::start();
    make_qcow2(&server.volume("a.qcow2"), &noise(1, 2 << 20), 4 << 20);
    make_qcow2(&server.volume("b.qcow2"), &[], 1 << 20);
    let browser = Browser::start(server.base());
    browser.open("/sign-in");
    browser.script("document.body.append(document.createElement('button'))", &[]);
    assert_eq!(found(&browser, &axe).len(), 1, "axe finds a button without a name");
    let mut wrong = Vec::new();
    let mut look = |name: &str| {
        for scheme in [Scheme::Light, Scheme::Dark] {
            browser.prefer(scheme);
            wrong.extend(found(&browser, &axe).into_iter().map(|it| format!("{name} {scheme:?} {it}")));
        }
    };
    let mut open = |path: &str| {
        browser.open(path);
        look(path);
    };
    open("/sign-in");
    browser.sign_in_as_administrator();
    // Before there is anything.
    open("/");
    let pages = fill(&browser, &server);
    for path in LISTS.iter().chain(OTHERS).copied().chain(pages.iter().map(String::as_str)) {
        open(path);
    }
    // A form whose operation was refused.
    browser.open("/do/CreateTag");
    browser.press("More options");
    browser.fill("Name", "t");
    browser.fill("Value", "v");
    browser.fill("Resource", "no id");
    browser.press("Create tag");
    browser.wait_for("SYS.");
    look("a refusal");
    // What the reference finds while one types.
    browser.open("/docs");
    browser.script("document.getElementById('docs-search').focus()", &[]);
    browser.keys("export");
    browser.wait_for("ExportImageFromBackupStorage");
    look("the search");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // That of pages which are not there, or refused, is an answer all the same.
    let unexpected: Vec<_> = browser
        .complaints()
        .into_iter()
        .filter(|it| !it.contains("status of 404") && !it.contains("status of 422"))
        .collect();
    assert_eq!(unexpected, [""; 0]);
}
