//! Pages that draw what is stored.

use crate::server::{Server, data_with, noise, text};
use crate::waiting::until;
use std::os::unix::fs::FileExt;

fn page(server: &Server, path: &str) -> String {
    let request = server.request("GET", path).header("Cookie", server.cookie(server.session()));
    let reply = Server::send(request);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.text
}

#[test]
fn two_backups_are_compared_by_what_changed_between_them() {
    let (data, disk) = data_with("disk.raw", &noise(1, 8 << 20));
    let server = Server::start(data.path());
    let volume = server.volume("disk.raw", "raw");
    let first = text(&server.backup(&volume)["uuid"]);
    let file = std::fs::File::options().write(true).open(disk).unwrap();
    file.write_all_at(&noise(2, 2 << 16), 3 << 16).unwrap();
    file.write_all_at(&vec![0; 1 << 16], 10 << 16).unwrap();
    let second = text(&server.backup(&volume)["uuid"]);
    let compared = |older: &str, newer: &str| page(&server, &format!("/compare?older={older}&newer={newer}"));
    // Two blocks were written, and one became zero; from there to here it is the same.
    for html in [compared(&first, &second), compared(&second, &first)] {
        assert!(html.contains("192.0 KiB of 8.0 MiB (2 %)"), "{html}");
        assert_eq!(html.matches("class=\"most\"").count(), 3);
    }
    assert!(compared(&first, &first).contains("0 B of 8.0 MiB (0 %)"));
    let history = page(&server, &format!("/volumes/{volume}"));
    assert_eq!(history.matches("class=\"mark ").count(), 2, "{history}");
    assert!(history.contains("2 backups; the thick marks") && history.contains("on a logarithmic scale"), "{history}");
    assert!(page(&server, &format!("/backups/{second}")).contains(&format!("<option value=\"{first}\"")));
}

#[test]
fn a_backup_of_somebody_else_is_not_compared() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 20));
    let server = Server::start(data.path());
    let volume = server.volume("disk.raw", "raw");
    let backup = text(&server.backup(&volume)["uuid"]);
    let (_, session) = server.account("stranger");
    let path = format!("/compare?older={backup}&newer={backup}");
    let reply = Server::send(server.request("GET", &path).header("Cookie", server.cookie(&session)));
    assert_eq!(reply.status, 404, "{}", reply.text);
}

#[test]
fn a_storage_says_what_it_holds() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 4 << 20));
    let server = Server::start(data.path());
    let volume = server.volume("disk.raw", "raw");
    server.backup(&volume);
    server.backup(&volume);
    // Noise cannot be compressed, so that two backups hold twice what is stored, but for the maps. A storage is not measured
    // at every look.
    let holds = "8.0 MiB of backups and images, 4.0 MiB stored; deduplication and compression 1.9 ×";
    let storage = format!("/backup-storages/{}", server.backup_storage());
    until(holds, || page(&server, &storage).contains(holds));
    assert!(page(&server, "/").contains("deduplication and compression 1.9 ×"));
}
