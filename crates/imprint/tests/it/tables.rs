//! What the console's tables and its overview show over HTTP: to whom, in which order, and where it leads.

use crate::server::{ADMIN, Server, data_with, sample_disk, text};
use crate::visitor::{Visitor, encoded};
use serde_json::{Value, json};

#[test]
fn a_normal_account_sees_only_its_own() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let backup = text(&server.backup(&volume)["uuid"]);
    let image = text(&server.template(&backup, "golden").inventory()["uuid"]);
    let (account, _) = server.account("ann");
    let mut ann = Visitor::new(&server);
    assert_eq!(ann.sign_in("ann", "ann", "/").status, 303);
    for (path, uuid) in [("volumes", &volume), ("backups", &backup), ("images", &image)] {
        let list = ann.get(&format!("/{path}")).text;
        assert!(!list.contains(uuid.as_str()), "{list}");
        assert_eq!(ann.get(&format!("/{path}/{uuid}")).status, 404);
    }
    let accounts = ann.get("/accounts").text;
    assert!(accounts.contains(&account) && !accounts.contains(&format!("/accounts/{ADMIN}")), "{accounts}");
    // What it may not do is not offered, and refused when it is sent all the same.
    assert!(!ann.get("/volumes").text.contains("/volumes/register"));
    let token = ann.token();
    let form = [("name", "x"), ("file", "a.raw"), ("format", "raw"), ("csrf", &token)];
    let reply = Server::send(ann.request("POST", "/volumes/register").body(encoded(&form)));
    assert_eq!(reply.status, 404, "{}", reply.text);
    let form = [("imageUuid", image.as_str()), ("uuid", &image), ("csrf", &token), ("sure", "yes")];
    assert_eq!(Server::send(ann.request("POST", "/do/DeleteImage").body(encoded(&form))).status, 422);
    assert_eq!(server.query(&format!("/zstack/v1/images?q=uuid={image}"))[0]["status"], json!("Ready"));
    assert_eq!(
        server.get(&format!("/zstack/v1/volumes/{volume}")).ok()["inventories"][0]["name"],
        Value::from("a.raw")
    );
}

#[test]
fn tables_lead_to_what_they_show_and_sort_by_what_they_say() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    server.backup(&volume);
    let (account, _) = server.account("ann");
    let share = json!({"shareResource": {"resourceUuids": [volume], "accountUuids": [account]}});
    server.put("/zstack/v1/accounts/resources/actions", &share).ok();
    let visitor = Visitor::signed_in(&server);
    let page = visitor.get("/shares").text;
    let resource = format!("<a href=\"/volumes/{volume}\" title=\"{volume}\"><bdi class=\"\">a.raw</bdi></a>");
    assert!(page.contains(&resource), "{page}");
    // There is nothing that one could fill in.
    assert!(!page.contains("class=\"filters\""), "{page}");
    assert!(visitor.get(&format!("/shares?resourceUuid={volume}")).text.contains("class=\"filters\""));
    let sortable = |path: &str, field: &str| visitor.get(path).text.contains(&format!("sort={field}\""));
    assert!(sortable("/backups", "name") && !sortable("/backups", "volumeUuid"));
    assert!(sortable("/shares", "createDate") && !sortable("/shares", "resourceUuid"));
    let quotas = visitor.get(&format!("/quotas?identityUuid={account}")).text;
    assert!(quotas.contains("10.0 TiB") && quotas.contains(">100<"), "{quotas}");
}

#[test]
fn the_overview_leads_to_the_failures_that_it_tells_of() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let visitor = Visitor::signed_in(&server);
    let page = visitor.get("/").text;
    let (before, _) = page.split_once(">Failed in the last seven days<").unwrap();
    let link = before.rsplit_once("href=\"").unwrap().1.split('"').next().unwrap().replace("&#38;", "&");
    assert!(link.contains("lastOpDate="), "{link}");
    let table = visitor.get(&link);
    assert!(table.status == 200 && table.text.contains("Changed after"), "{}", table.text);
}

#[test]
fn volumes_tell_when_they_were_last_backed_up() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let visitor = Visitor::signed_in(&server);
    let never = "<bdi class=\"status bad\">never</bdi>";
    for path in ["/volumes", "/"] {
        assert!(visitor.get(path).text.contains(never), "{path}");
    }
    let backup = text(&server.backup(&volume)["uuid"]);
    let overview = visitor.get("/").text;
    let longest = overview.split_once("Longest without a backup").unwrap().1.to_owned();
    for page in [visitor.get("/volumes").text, longest] {
        assert!(!page.contains(never), "{page}");
        let cell = page.split_once(&format!("<a href=\"/backups/{backup}\"")).unwrap().1.split("</a>").next().unwrap();
        assert!(cell.contains(" ago<"), "{cell}");
    }
    // Who owns none is told of none.
    server.account("ann");
    let mut ann = Visitor::new(&server);
    ann.sign_in("ann", "ann", "/");
    assert!(!ann.get("/").text.contains("Longest without a backup"));
}
