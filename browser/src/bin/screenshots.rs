//! `screenshots FOLDER`: pictures of the main pages, light and dark, on a desk and on a phone, of a server that has something
//! to show.

use imprint_browser::{Browser, Scheme, Server, make_qcow2, noise, overwrite};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What all pictures may take together.
const MOST: u64 = 3 << 19;

/// The disks: file, name, MiB of content, MiB of size.
const DISKS: &[(&str, &str, usize, u64)] =
    &[("web.qcow2", "web server", 24, 20 << 10), ("db.qcow2", "database", 40, 640), ("mail.qcow2", "mail", 32, 40)];

/// When they are backed up.
const DAYS: &[&str] = &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];

/// The pages on a desk, by the names of their pictures.
struct Pages(Vec<(&'static str, String)>);

fn main() {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).expect("usage: screenshots FOLDER");
    std::fs::create_dir_all(&folder).expect("the folder of the pictures");
    // Pages show where things lie.
    let data = tempfile::Builder::new().prefix("imprint").rand_bytes(0).tempdir();
    let server = Server::start_in(data.expect("nothing of that name in the folder for temporary files"));
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
        for (name, path) in pages.0.iter().filter(|(name, _)| matches!(*name, "overview" | "images")) {
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
        make_qcow2(&server.volume(file), &noise(seed, content << 20), size << 20);
        let volume = browser.register(name, file, "qcow2");
        for (nth, day) in (1..).zip(DAYS) {
            backups.push(browser.back_up(&volume, &format!("{name}, {day}")));
            // Changes here and there, more of them each day; and time between the backups.
            for change in 0..nth * 4 {
                let place = (change * change * 7 + nth * 3) % (size - 1);
                overwrite(&server.volume(file), place << 20, 1 << 19, 0x33);
            }
            std::thread::sleep(Duration::from_millis(nth * 400));
        }
        volumes.push(volume);
    }
    let image = browser.template(&backups[0], "web server, golden");
    browser.template(&backups[6], "database before the upgrade");
    browser.template(&backups[14], "mail");
    let export = json!({"exportImageFromBackupStorage": {"imageUuid": image, "exportFormat": "qcow2"}});
    let exported = browser.call("PUT", &format!("/backup-storage/{storage}/actions"), &export);
    assert!(exported["imageUrl"].is_string(), "{exported}");
    let slow = json!({"name": "mail, Saturday", "volumeUuid": volumes[2], "backupStorageUuid": storage,
        "volumeReadBandwidth": 1 << 20});
    let job = browser.submit("APICreateVolumeBackupMsg", "Back up now: mail, Saturday", &slow);
    let job = format!("/jobs/{job}");
    // Until there is something to be seen of it.
    browser.open(&job);
    browser.wait_until("some progress", || {
        let percent = browser.script("return document.querySelector('progress')?.value", &[]);
        percent.as_f64().is_some_and(|percent| percent >= 20.0)
    });
    let of_backup = format!("backupUuid={}&backupStorageUuid={storage}", backups[0]);
    Pages(vec![
        ("job", job),
        ("overview", "/".to_owned()),
        ("volume", format!("/volumes/{}", volumes[1])),
        ("compare", format!("/compare?older={}&newer={}", backups[6], backups[9])),
        ("template", format!("/do/CreateDataVolumeTemplateFromVolumeBackup?{of_backup}&name=golden")),
        ("images", "/images".to_owned()),
        ("reference", format!("/docs/CreateDataVolumeTemplateFromVolumeBackup?{of_backup}")),
    ])
}
