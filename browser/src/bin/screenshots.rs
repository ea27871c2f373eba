//! `screenshots FOLDER`: pictures of the main pages, light and dark, on a desk and on a phone, of a server that has something
//! to show.

use imprint_browser::{Browser, Scheme, Server, make_qcow2, noise, overwrite};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What all pictures may take together.
const MOST: u64 = 3 << 19;

/// The disks: file, name, MiB of content, GiB of size.
const DISKS: &[(&str, &str, usize, u64)] =
    &[("web.qcow2", "web server", 24, 20), ("db.qcow2", "database", 48, 100), ("mail.qcow2", "mail", 12, 40)];

/// The pages on a desk, by the names of their pictures.
struct Pages(Vec<(&'static str, String)>);

fn main() {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).expect("usage: screenshots FOLDER");
    std::fs::create_dir_all(&folder).expect("the folder of the pictures");
    let server = Server::start();
    let browser = Browser::start(server.base());
    browser.sign_in_as_administrator();
    let pages = fill(&browser, &server);
    for scheme in [Scheme::Light, Scheme::Dark] {
        browser.prefer(scheme);
        let suffix = if scheme == Scheme::Light { "light" } else { "dark" };
        browser.resize(1120, 760);
        for (name, path) in &pages.0 {
            take(&browser, path, &folder.join(format!("{name}-{suffix}.png")));
        }
        browser.resize(390, 780);
        for (name, path) in pages.0.iter().filter(|(name, _)| matches!(*name, "overview" | "images" | "template")) {
            take(&browser, path, &folder.join(format!("{name}-phone-{suffix}.png")));
        }
    }
    let sizes = std::fs::read_dir(&folder).expect("the pictures").flatten();
    let total: u64 = sizes.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
    assert!(total <= MOST, "the pictures take {total} bytes");
}

fn take(browser: &Browser, path: &str, picture: &Path) {
    browser.open(path);
    std::fs::write(picture, browser.picture()).expect("a picture");
}

/// Makes something to show.
fn fill(browser: &Browser, server: &Server) -> Pages {
    let storage = browser.backup_storage();
    let mut volumes = Vec::new();
    let mut backups = Vec::new();
    for (seed, (file, name, content, size)) in (1..).zip(DISKS) {
        make_qcow2(&server.volume(file), &noise(seed, content << 20), size << 30);
        let volume = browser.register(name, file, "qcow2");
        for (nth, day) in (0..).zip(["Monday", "Tuesday", "Wednesday", "Thursday"]) {
            backups.push(browser.back_up(&volume, &format!("{name}, {day}")));
            overwrite(&server.volume(file), (nth * 3) << 20, (nth + 1) << 20, 0x33);
        }
        volumes.push(volume);
    }
    let image = browser.template(&backups[0], "web server, golden");
    browser.template(&backups[5], "database before the upgrade");
    browser.template(&backups[11], "mail");
    let export = json!({"exportImageFromBackupStorage": {"imageUuid": image, "exportFormat": "qcow2"}});
    let exported = browser.call("PUT", &format!("/backup-storage/{storage}/actions"), &export);
    assert!(exported["imageUrl"].is_string(), "{exported}");
    browser.made("POST", "/accounts", &json!({"params": {"name": "ann", "password": "0".repeat(128)}}));
    let slow = json!({"name": "mail, Friday", "volumeUuid": volumes[2], "backupStorageUuid": storage,
        "volumeReadBandwidth": 1 << 18});
    let job = browser.submit("APICreateVolumeBackupMsg", &slow);
    // Until there is something to be seen of it.
    browser.open(&format!("/jobs/{job}"));
    browser.wait_until("some progress", || {
        browser
            .script("return document.querySelector('progress')?.value", &[])
            .as_f64()
            .is_some_and(|value| value > 5.0)
    });
    let compared = format!("/compare?older={}&newer={}", backups[4], backups[7]);
    let form = format!(
        "/do/CreateDataVolumeTemplateFromVolumeBackup?backupUuid={}&backupStorageUuid={storage}&name=golden",
        backups[0]
    );
    Pages(vec![
        ("overview", "/".to_owned()),
        ("volume", format!("/volumes/{}", volumes[1])),
        ("compare", compared),
        ("template", form),
        ("images", "/images".to_owned()),
        ("image", format!("/images/{image}")),
        ("job", format!("/jobs/{job}")),
    ])
}
