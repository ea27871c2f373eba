//! The work of a day, from signing in to signing out, without a command line.

use imprint_browser::{Browser, Server, content, make_qcow2, noise, overwrite};
use md5::{Digest, Md5};
use serde_json::json;

/// A disk of 12 MiB whose first 9 are noise.
const SIZE: u64 = 12 << 20;

/// Follows a job to the thing that it makes, whose page begins so.
fn arrive(browser: &Browser, begin: &str) {
    let is_job = || browser.place().starts_with("/jobs/");
    browser.wait_until(begin, || browser.place().starts_with(begin) || is_job());
    if is_job() {
        browser.wait_for("Open the result");
        browser.press("Open the result");
        browser.wait_until(begin, || browser.place().starts_with(begin));
    }
}

fn register(browser: &Browser) {
    browser.open("/volumes");
    browser.press("Register a volume");
    browser.fill("Name", "web server");
    browser.fill("File", "web.qcow2");
    browser.choose("Format", "qcow2");
    browser.press("Register a volume");
    browser.wait_until("the volume's page", || browser.place().starts_with("/volumes/"));
    browser.wait_for("Done: Register a volume");
}

fn back_up(browser: &Browser, volume: &str, name: &str, bandwidth: Option<&str>) {
    browser.open(volume);
    browser.press("Back up now");
    browser.choose("Backup storage", "default");
    browser.fill("Name", name);
    if let Some(bandwidth) = bandwidth {
        browser.press("More options");
        browser.fill("Volume read bandwidth", bandwidth);
    }
    browser.press("Back up now");
}

/// Watches the page of a job until its end: it changes by itself, and comes closer.
fn watch(browser: &Browser) {
    browser.wait_until("the job's page", || browser.place().starts_with("/jobs/"));
    browser.script("window.same = true", &[]);
    let script = "const it = document.querySelector('progress'); return [it && it.value, window.same]";
    let mut seen = Vec::new();
    loop {
        let now = browser.script(script, &[]);
        let Some(percent) = now[0].as_f64() else { break };
        assert_eq!(now[1], json!(true), "the page was loaded again");
        seen.push(percent);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(seen.is_sorted(), "{seen:?}");
    seen.dedup();
    assert!(seen.len() > 1, "{seen:?}");
    browser.wait_for("Succeeded");
    browser.press("Open the result");
    browser.wait_until("the backup's page", || browser.place().starts_with("/backups/"));
}

fn make_template(browser: &Browser) {
    browser.open("/backups?sort=createDate");
    browser.press("first");
    browser.press("Make a template");
    browser.fill("Name", "golden");
    // The command line that does the same follows what is typed.
    browser.wait_until("the command line", || browser.text().contains("\"golden\""));
    let shown = browser.text();
    assert!(shown.contains("curl") && shown.contains("/images/data-volume-templates/from/volume-template/"), "{shown}");
    browser.press("Make a template");
    arrive(browser, "/images/");
    browser.wait_for("Ready");
}

/// Exports the image whose page is shown, and lets the browser save the file.
fn download(browser: &Browser, image: &str, format: &str) -> Vec<u8> {
    browser.open(image);
    browser.press("Export");
    browser.choose("Export format", format);
    browser.press("Export");
    browser.wait_for("MD5 of the export");
    let (link, md5) = (browser.fact("Link"), browser.fact("MD5 of the export"));
    browser.press(&link);
    let file = browser.downloaded(&link);
    assert_eq!(hex::encode(Md5::digest(&file)), md5, "{link}: {} bytes", file.len());
    file
}

fn delete_and_recover(browser: &Browser, image: &str) {
    browser.open(image);
    browser.press("Delete");
    browser.tick("I am sure");
    browser.press("Delete");
    browser.wait_for("Done: Delete");
    browser.open("/images?status=Deleted");
    browser.press("golden");
    browser.press("Recover");
    browser.press("Recover");
    browser.wait_until("the image's page", || browser.place().starts_with("/images/"));
    assert_eq!(browser.fact("Status"), "Ready");
}

#[test]
fn the_work_of_a_day_needs_no_command_line() {
    let server = Server::start();
    let file = server.volume("web.qcow2");
    make_qcow2(&file, &noise(1, 9 << 20), SIZE);
    let first = content(&file);
    let browser = Browser::start(server.base());

    browser.open("/sign-in");
    browser.sign_in_as_administrator();
    assert_eq!(browser.place(), "/");
    register(&browser);
    let volume = browser.place();

    back_up(&browser, &volume, "first", None);
    arrive(&browser, "/backups/");
    overwrite(&file, 1 << 20, 2 << 20, 0x33);
    let second = content(&file);
    assert_ne!(first, second);
    back_up(&browser, &volume, "second", Some("1048576"));
    watch(&browser);

    make_template(&browser);
    let image = browser.place();
    let image = image.split('?').next().unwrap();
    assert!(download(&browser, image, "raw") == first, "the first backup's disk comes back");
    let qcow2 = server.volume("downloaded.qcow2");
    std::fs::write(&qcow2, download(&browser, image, "qcow2")).unwrap();
    assert!(content(&qcow2) == first, "also as qcow2");
    delete_and_recover(&browser, image);

    browser.press("Sign out");
    browser.wait_until("the sign-in", || browser.place() == "/sign-in");
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let requested = browser.requested();
    let elsewhere: Vec<_> = requested.iter().filter(|url| !url.starts_with(&format!("{}/", server.base()))).collect();
    assert!(requested.len() > 20 && elsewhere.is_empty(), "{elsewhere:#?}");
    browser.open("/images");
    assert!(browser.text().contains("Password"), "{}", browser.text());
}
