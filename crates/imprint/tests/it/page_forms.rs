//! The console's forms over HTTP: what they send, what they say when something is wrong, and where they lead.

use crate::server::{PASSWORD, Reply, Server, data_with, sample_disk, text};
use crate::visitor::{Visitor, done, encoded, location};
use crate::waiting::until;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;

fn server_with_volume() -> (tempfile::TempDir, Server, String) {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    (temp, server, volume)
}

/// Sends the form of an operation, with the token and the tick that it asks for.
fn send(visitor: &Visitor, operation: &str, fields: &[(&str, &str)]) -> Reply {
    let token = visitor.token();
    let form = [fields, &[("csrf", token.as_str()), ("sure", "yes")]].concat();
    Server::send(visitor.request("POST", &format!("/do/{operation}")).body(encoded(&form)))
}

/// The field of a form.
#[track_caller]
fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("id=\"field-{name}\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split_once('>').expect("the field's end").0
}

#[test]
fn a_description_that_was_there_can_be_emptied() {
    let (_temp, server, volume) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let described = || server.query(&format!("/zstack/v1/volumes/{volume}"))[0]["description"].clone();
    let fields = [("uuid", volume.as_str()), ("name", "disk"), ("description", "of the web server")];
    assert_eq!(send(&visitor, "UpdateVolume", &fields).status, 303);
    assert_eq!(described(), "of the web server");
    // The form knows what was there, and what is blank then was emptied.
    let form = visitor.get(&format!("/do/UpdateVolume?uuid={volume}")).text;
    assert!(field(&form, "description").contains("value=\"of the web server\""), "{form}");
    assert!(form.contains("name=\"had\" value=\"description\""), "{form}");
    // Left out it stays.
    assert_eq!(send(&visitor, "UpdateVolume", &[("uuid", &volume), ("name", "disk"), ("description", "")]).status, 303);
    assert_eq!(described(), "of the web server");
    let fields = [("uuid", volume.as_str()), ("name", "disk"), ("description", ""), ("had", "description")];
    assert_eq!(done(&send(&visitor, "UpdateVolume", &fields)), format!("/volumes/{volume}?done=UpdateVolume"));
    assert_eq!(described(), Value::from(""));
    assert!(
        !visitor.get(&format!("/do/UpdateVolume?uuid={volume}")).text.contains("name=\"had\" value=\"description\"")
    );
}

#[test]
fn what_is_wrong_is_said_beside_the_field() {
    let (_temp, server, _) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let reply = send(&visitor, "CreateTag", &[("name", "t"), ("value", "v"), ("color", "no color")]);
    assert_eq!(reply.status, 422, "{}", reply.text);
    let color = field(&reply.text, "color");
    assert!(color.contains("aria-invalid=\"true\"") && color.contains("autofocus"), "{color}");
    assert!(color.contains("aria-describedby=\"wrong-color text-color\""), "{color}");
    assert!(reply.text.contains("id=\"wrong-color\""), "{}", reply.text);
    assert!(!field(&reply.text, "name").contains("aria-invalid"), "{}", reply.text);
    // What most people never give is shown when it is wrong.
    let reply =
        send(&visitor, "CreateTag", &[("name", "t"), ("value", "v"), ("color", "#ffffff"), ("resourceUuid", "x")]);
    assert!(field(&reply.text, "resourceUuid").contains("aria-invalid"), "{}", reply.text);
    let token = visitor.token();
    let form = [("name", "x"), ("file", "../outside"), ("format", "raw"), ("csrf", &token)];
    let reply = Server::send(visitor.request("POST", "/volumes/register").body(encoded(&form)));
    assert_eq!(reply.status, 422);
    assert!(field(&reply.text, "file").contains("aria-invalid"), "{}", reply.text);
}

#[test]
fn what_is_wrong_with_a_long_job_is_said_beside_the_field_too() {
    let (_temp, server, volume) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let long = "\u{1f4be}".repeat(200);
    let storage = server.backup_storage();
    for (operation, name, value, reason) in [
        ("ResizeDataVolume", "size", "x", "must be a whole number"),
        ("ResizeDataVolume", "size", "1", "a volume only grows"),
        ("CreateVolumeBackup", "name", long.as_str(), "must have at most 255 characters"),
        ("CreateVolumeBackup", "name", "a\0b", "must not hold the character NUL"),
    ] {
        let rest = [("uuid", volume.as_str()), ("volumeUuid", &volume), ("backupStorageUuid", &storage)];
        let reply = send(&visitor, operation, &[&rest[..], &[(name, value)]].concat());
        assert_eq!(reply.status, 422, "{operation}: {}", reply.text);
        assert!(field(&reply.text, name).contains("aria-invalid"), "{operation}: {}", reply.text);
        let said = format!("field[{name}]: {reason}");
        assert!(reply.text.contains(&format!("id=\"wrong-{name}\"><bdi>{reason}")), "{operation}: {}", reply.text);
        assert!(reply.text.contains(&said) && !reply.text.contains("jobData"), "{operation}: {}", reply.text);
    }
    assert_eq!(server.query("/zstack/v1/longjobs?q=jobName=APICreateVolumeBackupMsg").len(), 0);
}

/// What a field offers.
fn offered(page: &str, name: &str) -> Vec<String> {
    let (_, rest) =
        page.split_once(&format!("<select id=\"field-{name}\"")).unwrap_or_else(|| panic!("{name}: {page}"));
    let options = rest.split_once("</select>").unwrap().0.split("<option value=\"").skip(1);
    options.map(|option| option.split('"').next().unwrap().to_owned()).filter(|value| !value.is_empty()).collect()
}

/// The command line of a form.
fn curl(page: &str) -> &str {
    page.split_once("<pre id=\"curl\"").unwrap().1.split_once("</pre>").unwrap().0
}

#[test]
fn who_attaches_a_tag_gets_back_unless_that_failed() {
    let (_temp, server, volume) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let made = done(&send(&visitor, "CreateTag", &[("name", "t"), ("value", "v")]));
    let tag = made.split(['/', '?']).nth(2).unwrap();
    let back = format!("/volumes/{volume}");
    let fields = [("tagUuid", tag), ("resourceUuids", volume.as_str()), ("back", &back)];
    assert_eq!(done(&send(&visitor, "AttachTagToResources", &fields)), format!("{back}?done=AttachTagToResources"));
    // Of several, one is another account's.
    server.account("ann");
    let mut ann = Visitor::new(&server);
    ann.sign_in("ann", "ann", "/");
    let made = |operation, fields: &[(&str, &str)]| {
        done(&send(&ann, operation, fields)).split(['/', '?']).nth(2).unwrap().to_owned()
    };
    let own = made("CreateDataVolume", &[("name", "disk"), ("diskSize", "1048576")]);
    let tag = made("CreateTag", &[("name", "t"), ("value", "v")]);
    let both = format!("{own}\n{volume}");
    let reply = send(&ann, "AttachTagToResources", &[("tagUuid", &tag), ("resourceUuids", &both)]);
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.text.contains("This did not work") && reply.text.contains(&volume), "{}", reply.text);
    assert!(!reply.text.contains("<pre") && !reply.text.contains(&own), "{}", reply.text);
}

#[test]
fn where_nothing_lies_that_is_said() {
    let (_temp, server, _) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let storage = server.backup_storage();
    let page = send(&visitor, "GetTrashOnBackupStorage", &[("uuid", &storage)]);
    assert!(page.text.contains("There is nothing.") && !page.text.contains("Inventories"), "{}", page.text);
    let page = send(&visitor, "CleanUpTrashOnBackupStorage", &[("uuid", &storage)]);
    assert!(page.text.contains("0 B") && !page.text.contains("<pre"), "{}", page.text);
}

#[test]
fn one_backup_is_not_several() {
    let (_temp, server, volume) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    for (count, noun) in [(1, "Backup"), (2, "Backups")] {
        server.backup(&volume);
        let said = format!("<strong>{count}</strong> {noun}</a>");
        assert!(visitor.get("/").text.contains(&said), "{}", visitor.get("/").text);
        let page = visitor.get(&format!("/volumes/{volume}")).text;
        assert!(page.contains(&format!("\"{count} {}; ", noun.to_lowercase())), "{page}");
    }
}

#[test]
fn what_loses_something_names_it() {
    let (_temp, server, volume) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    assert_eq!(send(&visitor, "UpdateVolume", &[("uuid", &volume), ("name", "<b>web</b>")]).status, 303);
    let backup = server.backup(&volume);
    let uuid = text(&backup["uuid"]);
    let named = |page: &str, label: &str, place: &str, name: &str| {
        let (_, rest) = page.split_once(&format!("<dt>{label}</dt><dd>")).unwrap_or_else(|| panic!("{page}"));
        let cell = rest.split_once("</dd>").unwrap().0;
        assert!(cell.contains(&format!("href=\"{place}\"")) && cell.contains(name), "{cell}");
    };
    let place = format!("/volumes/{volume}");
    let page = visitor.get(&format!("/do/RevertVolumeFromVolumeBackup?uuid={uuid}")).text;
    named(&page, "Backup", &format!("/backups/{uuid}"), &text(&backup["name"]));
    named(&page, "Its content is replaced", &place, "&#60;b&#62;web&#60;/b&#62;");
    let page = visitor.get(&format!("/do/DeleteDataVolume?uuid={volume}")).text;
    named(&page, "Volume", &place, "&#60;b&#62;web&#60;/b&#62;");
    assert!(!visitor.get(&format!("/do/UpdateVolume?uuid={volume}")).text.contains("<dl"));
}

#[test]
fn a_new_password_is_typed_twice_and_then_signed_in_with() {
    let (_temp, server, _) = server_with_volume();
    let (ann, _) = server.account("ann");
    let mut visitor = Visitor::new(&server);
    visitor.sign_in("ann", "ann", "/");
    let change = |visitor: &Visitor, new: &str, again: &str| {
        let fields = [("uuid", ann.as_str()), ("oldPassword", "ann"), ("password", new), ("passwordAgain", again)];
        send(visitor, "UpdateAccount", &fields)
    };
    let form = visitor.get(&format!("/do/UpdateAccount?uuid={ann}")).text;
    assert!(field(&form, "passwordAgain").contains("type=\"password\""), "{form}");
    assert!(!form.contains("id=\"field-oldPasswordAgain\"") && !field(&form, "passwordAgain").contains("aria-invalid"));
    for again in ["", "other"] {
        let reply = change(&visitor, "new words", again);
        assert_eq!(reply.status, 422, "{}", reply.text);
        assert!(field(&reply.text, "passwordAgain").contains("aria-invalid"), "{}", reply.text);
        assert!(!reply.text.contains("new words") && !reply.text.contains("passwordAgain="), "{}", reply.text);
    }
    let reply = change(&visitor, "new words", "new words");
    assert!(reply.text.contains("The password was changed") && !reply.text.contains("has ended."), "{}", reply.text);
    assert!(reply.text.contains(&format!("name=\"next\" value=\"/accounts/{ann}\"")), "{}", reply.text);
    assert_eq!(visitor.sign_in("ann", "ann", "/").status, 401);
    assert_eq!(location(&visitor.sign_in("ann", "new words", "/jobs")), "/jobs");
    // What else one changes of oneself ends nothing, nor does another's password.
    let reply = send(&visitor, "UpdateAccount", &[("uuid", &ann), ("description", "d")]);
    assert_eq!(done(&reply), format!("/accounts/{ann}?done=UpdateAccount"));
    let fields = [("uuid", ann.as_str()), ("password", "ann"), ("passwordAgain", "ann")];
    let reply = send(&Visitor::signed_in(&server), "UpdateAccount", &fields);
    assert_eq!(done(&reply), format!("/accounts/{ann}?done=UpdateAccount"));
}

#[test]
fn what_leaves_a_form_is_called_so() {
    let (_temp, server, _) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    for path in ["/do/CancelLongJob", "/do/CreateTag", "/volumes/register"] {
        let page = visitor.get(path).text;
        let (_, button) = page.split_once("</button> <a href=\"").unwrap();
        assert!(button.split_once('>').unwrap().1.starts_with("Back</a>"), "{path}: {page}");
        assert_eq!(page.matches(">Cancel<").count(), usize::from(path == "/do/CancelLongJob") * 2, "{path}: {page}");
    }
}

#[test]
fn nothing_is_copied_to_where_it_comes_from() {
    let (temp, server, volume) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let backup = text(&server.backup(&volume)["uuid"]);
    let storage = server.backup_storage();
    let form = |given: &str| {
        let path = format!("/do/SyncBackupFromImageStoreBackupStorage?uuid={backup}{given}");
        visitor.get(&path).text
    };
    let from_it = format!("&srcBackupStorageUuid={storage}");
    // The only storage is where it comes from, whether the link says so or not.
    for given in ["", from_it.as_str()] {
        let page = form(given);
        assert_eq!(offered(&page, "srcBackupStorageUuid"), [storage.as_str()], "{page}");
        assert!(offered(&page, "dstBackupStorageUuid").is_empty(), "{page}");
        assert!(page.contains("it takes two"), "{page}");
        assert!(curl(&page).contains(&format!("srcBackupStorageUuid&#34;:&#34;{storage}")), "{}", curl(&page));
        assert!(!curl(&page).contains(&format!("dstBackupStorageUuid&#34;:&#34;{storage}")), "{}", curl(&page));
    }
    let second = crate::copies::second_storage(&server, temp.path());
    assert_eq!(offered(&form(&from_it), "dstBackupStorageUuid"), [second.as_str()]);
    assert!(curl(&form(&from_it)).contains(&second));
    assert_eq!(offered(&form(""), "dstBackupStorageUuid").len(), 2);
}

#[test]
fn the_command_line_has_what_is_chosen_because_there_is_nothing_else() {
    let (_temp, server, _) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
    let storage = server.backup_storage();
    let page = visitor.get("/do/DetachBackupStorageFromZone").text;
    assert!(curl(&page).contains(&zone) && curl(&page).contains(&storage), "{}", curl(&page));
}

#[test]
fn what_must_be_ones_own_is_chosen_among_ones_own() {
    let (_temp, server, volume) = server_with_volume();
    server.account("ann");
    let share = json!({"shareResource": {"resourceUuids": [volume], "toPublic": true}});
    server.put("/zstack/v1/accounts/resources/actions", &share).ok();
    let mut visitor = Visitor::new(&server);
    visitor.sign_in("ann", "ann", "/");
    let form = || visitor.get("/do/CreateVolumeBackup").text;
    assert!(offered(&form(), "volumeUuid").is_empty(), "{}", form());
    assert!(form().contains("what others share can be used"), "{}", form());
    let name = [("name", "disk"), ("diskSize", "1048576")];
    let own = done(&send(&visitor, "CreateDataVolume", &name)).split(['/', '?']).nth(2).unwrap().to_owned();
    assert_eq!(offered(&form(), "volumeUuid"), [own]);
}

#[test]
fn who_deletes_a_tag_gets_back_to_what_it_was_on() {
    let (_temp, server, volume) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let fields = [("resourceType", "VolumeVO"), ("resourceUuid", volume.as_str()), ("tag", "web")];
    let made = done(&send(&visitor, "CreateUserTag", &fields));
    let tag = made.trim_end_matches("?done=CreateUserTag");
    let uuid = tag.strip_prefix("/user-tags/").unwrap();
    let page = visitor.get(tag).text;
    let link = format!("/do/DeleteTag?uuid={uuid}&#38;back=%2Fvolumes%2F{volume}");
    assert!(page.contains(&link), "{page}");
    let back = format!("/volumes/{volume}");
    let deleted = send(&visitor, "DeleteTag", &[("uuid", uuid), ("back", &back)]);
    assert_eq!(done(&deleted), format!("{back}?done=DeleteTag"));
    // What is gone has no page: its table is shown.
    let made = done(&send(&visitor, "CreateUserTag", &fields));
    let tag = made.trim_end_matches("?done=CreateUserTag").to_owned();
    let uuid = tag.strip_prefix("/user-tags/").unwrap();
    let deleted = send(&visitor, "DeleteTag", &[("uuid", uuid), ("back", &tag)]);
    assert_eq!(done(&deleted), "/user-tags?done=DeleteTag");
}

#[test]
fn only_what_may_lose_something_asks_twice() {
    let (_temp, server, volume) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let asks = |path: &str| visitor.get(path).text.contains("name=\"sure\"");
    assert!(asks(&format!("/do/DeleteDataVolume?uuid={volume}")));
    assert!(asks("/do/CleanUpTrashOnBackupStorage") && asks("/do/SubmitLongJob"));
    assert!(!asks(&format!("/do/UpdateVolume?uuid={volume}")));
    // The reference has the same rule.
    let asks = |name: &str| visitor.get(&format!("/docs/{name}")).text.contains("data-danger");
    assert!(asks("DeleteDataVolume") && asks("CleanUpTrashOnBackupStorage") && asks("SubmitLongJob"));
    assert!(!asks("UpdateVolume") && !asks("QueryVolume") && !asks("GetVersion"));
}

#[test]
fn an_export_leads_to_the_image_and_its_downloads_are_seen_while_they_run() {
    let (temp, server, _) = server_with_volume();
    // More than fits into the buffers between server and client; holes cost nothing.
    File::create(temp.path().join("volumes").join("large.raw")).unwrap().set_len(512 << 20).unwrap();
    let backup = server.backup(&server.volume("large.raw", "raw"));
    let image = text(&server.template(&text(&backup["uuid"]), "t").inventory()["uuid"]);
    let visitor = Visitor::signed_in(&server);
    let page = || visitor.get(&format!("/images/{image}")).text;
    assert!(!page().contains("/events/downloads/"));
    let storage = server.backup_storage();
    let fields = [("imageUuid", image.as_str()), ("backupStorageUuid", &storage), ("exportFormat", "raw")];
    let done = done(&send(&visitor, "ExportImageFromBackupStorage", &fields));
    if let Some(job) = done.strip_prefix("/jobs/") {
        // It took longer than one waits for: the job's page leads there.
        crate::waiting::until_job_is(&server, job, "Succeeded");
        assert!(visitor.get(&done).text.contains(&format!("href=\"/images/{image}\"")));
    } else {
        assert_eq!(done, format!("/images/{image}?done=ExportImageFromBackupStorage"));
    }
    let url = text(&server.query(&format!("/zstack/v1/images/{image}"))[0]["backupStorageRefs"][0]["exportUrl"]);
    assert!(page().contains(&url) && page().contains("No download is running."), "{}", page());

    let path = url.strip_prefix(&server.base).unwrap();
    let mut download = server.request("GET", path).send().unwrap();
    assert_eq!(download.content_length(), Some(512 << 20));
    let percent = || {
        let page = page();
        let (_, rest) = page.split_once("<li>to 127.0.0.1 <progress max=\"100\" value=\"")?;
        rest.split('"').next()?.parse::<u64>().ok()
    };
    until("the download to be seen", || percent().is_some_and(|percent| percent < 50));
    let mut half = vec![0; 256 << 20];
    download.read_exact(&mut half).unwrap();
    until("its progress", || percent().is_some_and(|percent| (50..100).contains(&percent)));
    // Nobody else sees it.
    server.account("ann");
    let mut ann = Visitor::new(&server);
    ann.sign_in("ann", "ann", "/");
    let first_event = |visitor: &Visitor| {
        let mut events = visitor.request("GET", &format!("/events/downloads/{image}")).send().unwrap();
        let mut bytes = vec![0; 16];
        events.read_exact(&mut bytes).unwrap();
        while !bytes.ends_with(b"\n\n") {
            let mut next = [0];
            events.read_exact(&mut next).unwrap();
            bytes.extend(next);
        }
        String::from_utf8(bytes).unwrap()
    };
    assert!(first_event(&visitor).contains("to 127.0.0.1"));
    assert!(first_event(&ann).contains("No download is running."));
    drop(download);
    until("its end", || percent().is_none());
}

#[test]
fn a_normal_account_shares_with_whom_it_does_not_see_and_takes_it_back() {
    let (_temp, server, _) = server_with_volume();
    let (bob, _) = server.account("bob");
    server.account("ann");
    let mut ann = Visitor::new(&server);
    ann.sign_in("ann", "ann", "/");
    let name = [("name", "disk"), ("diskSize", "1048576")];
    let volume = done(&send(&ann, "CreateDataVolume", &name)).split(['/', '?']).nth(2).unwrap().to_owned();
    let page = ann.get(&format!("/volumes/{volume}")).text;
    for operation in ["ShareResource", "RevokeResourceSharing"] {
        assert!(page.contains(&format!("/do/{operation}?resourceUuids={volume}")), "{page}");
    }
    assert!(page.contains(&format!("<a class=\"plain\" href=\"/shares?resourceUuid={volume}\">")), "{page}");
    // Of accounts it sees its own alone: the other one's id is typed.
    let form = ann.get(&format!("/do/ShareResource?resourceUuids={volume}")).text;
    assert!(form.contains("<textarea id=\"field-accountUuids\""), "{form}");
    let seen = || server.query(&format!("/zstack/v1/accounts/resources?q=resourceUuid={volume}")).len();
    let fields = [("resourceUuids", volume.as_str()), ("accountUuids", bob.as_str())];
    assert_eq!(send(&ann, "ShareResource", &fields).status, 303);
    assert_eq!(seen(), 1);
    // Bob sees it and may tag it; what only its owner may do is not offered.
    let mut visitor = Visitor::new(&server);
    visitor.sign_in("bob", "bob", "/");
    let page = visitor.get(&format!("/volumes/{volume}"));
    assert_eq!(page.status, 200);
    let offered: Vec<_> = page.text.split("href=\"/do/").skip(1).filter_map(|rest| rest.split('?').next()).collect();
    assert_eq!(offered, ["AttachTagToResources"]);
    assert_eq!(send(&ann, "RevokeResourceSharing", &fields).status, 303);
    assert_eq!(seen(), 0);
}

#[test]
fn a_quota_is_set_from_its_own_page() {
    let (_temp, server, _) = server_with_volume();
    let (ann, _) = server.account("ann");
    let visitor = Visitor::signed_in(&server);
    // The account's name is none of a quota.
    let form = visitor.get(&format!("/do/UpdateQuota?identityUuid={ann}")).text;
    assert!(!field(&form, "name").contains("ann"), "{form}");
    let quota = server.query(&format!("/zstack/v1/accounts/quotas?q=identityUuid={ann}&limit=1")).remove(0);
    let page = visitor.get(&format!("/quotas/{}", text(&quota["uuid"]))).text;
    let (_, link) = page.split_once("href=\"/do/UpdateQuota?").unwrap_or_else(|| panic!("{page}"));
    let (link, _) = link.split_once('"').unwrap();
    assert!(link.contains(&format!("name={}", text(&quota["name"]))), "{link}");
    assert!(link.contains(&format!("identityUuid={ann}")), "{link}");
}

#[test]
fn a_file_of_any_name_becomes_a_volume() {
    let name = "my disk, 100% <b>?.raw";
    let (temp, _) = data_with(name, &sample_disk(1));
    let server = Server::start(temp.path());
    let visitor = Visitor::signed_in(&server);
    let form = [("name", "x"), ("file", name), ("format", "raw"), ("csrf", &visitor.token())];
    let curl = Server::send(visitor.request("POST", "/volumes/register/curl").body(encoded(&form)));
    assert!(curl.status == 200 && curl.text.contains("/zstack/v1/volumes/data"), "{}", curl.text);
    assert!(curl.text.contains("volume::source::file:my disk, 100% <b>?.raw?format=raw"), "{}", curl.text);
    let page = visitor.get("/volumes/register?name=x&file=a.qcow2").text;
    assert!(page.contains("data-curl=\"/volumes/register/curl\""), "{page}");
    assert!(page.contains("volume::source::file:a.qcow2?format=qcow2"), "{page}");
    location(&Server::send(visitor.request("POST", "/volumes/register").body(encoded(&form))));
    let backup = text(&server.backup(&text(&server.query("/zstack/v1/volumes")[0]["uuid"]))["uuid"]);
    server.template(&backup, "t").inventory();
}

#[test]
fn a_session_that_ends_costs_nothing_of_a_form_too_long_for_a_link() {
    let (_temp, server, _) = server_with_volume();
    let mut visitor = Visitor::signed_in(&server);
    let token = visitor.token();
    let session = visitor.cookie.clone().unwrap().split_once('=').unwrap().1.to_owned();
    server.call("DELETE", &format!("/zstack/v1/accounts/sessions/{session}"), &Value::Null).ok();
    let description = "\u{5099}\u{4efd} \"&".repeat(1500);
    let form = [("name", "kept"), ("password", "a secret"), ("description", &description), ("csrf", &token)];
    let mut page = Server::send(visitor.request("POST", "/do/CreateAccount").body(encoded(&form)));
    for status in [200, 401] {
        assert_eq!(page.status, status);
        assert!(!page.text.contains("a secret"), "{}", page.text);
        assert!(status == 401 || page.text.contains("what you typed is kept, but for passwords"), "{}", page.text);
        let hidden = hidden(&page.text);
        assert!(hidden.contains(&("kept-description".to_owned(), description.clone())), "{hidden:?}");
        let mut fields: Vec<_> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // A wrong password costs nothing either.
        fields.extend([("account", "admin"), ("password", if status == 200 { "wrong" } else { PASSWORD })]);
        page = Server::send(visitor.request("POST", "/sign-in").body(encoded(&fields)));
    }
    assert_eq!(page.status, 200);
    visitor.cookie = page.headers["set-cookie"].to_str().unwrap().split(';').next().map(str::to_owned);
    assert!(page.text.contains("action=\"/do/CreateAccount\""), "{}", page.text);
    assert!(hidden(&page.text).contains(&("csrf".to_owned(), visitor.token())));
    assert!(field(&page.text, "name").contains("value=\"kept\""));
    assert_eq!(
        unescaped(field(&page.text, "description").split("value=\"").nth(1).unwrap().split('"').next().unwrap()),
        description
    );
    // Nothing was sent.
    assert_eq!(server.query("/zstack/v1/accounts?q=name=kept").len(), 0);
}

/// The hidden fields of a page, with their values.
fn hidden(page: &str) -> Vec<(String, String)> {
    let fields = page.split("<input type=\"hidden\" name=\"").skip(1);
    let read = fields.filter_map(|field| field.split_once("\" value=\""));
    read.map(|(name, rest)| (name.to_owned(), unescaped(rest.split_once('"').map_or(rest, |it| it.0)))).collect()
}

/// A text as it was before it became part of a page.
fn unescaped(html: &str) -> String {
    html.replace("&#34;", "\"").replace("&#38;", "&")
}

#[test]
fn what_a_form_refuses_is_no_failed_job_and_jobs_say_what_they_are_about() {
    let (_temp, server, volume) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let disable = json!({"changeVolumeState": {"stateEvent": "disable"}});
    server.put(&format!("/zstack/v1/volumes/{volume}/actions"), &disable).ok();
    let storage = server.backup_storage();
    let fields = [("volumeUuid", volume.as_str()), ("backupStorageUuid", &storage), ("name", "b")];
    let reply = send(&visitor, "CreateVolumeBackup", &fields);
    assert!(reply.status == 422 && reply.text.contains("Disabled"), "{}", reply.text);
    assert!(server.query("/zstack/v1/longjobs").is_empty());
    let enable = json!({"changeVolumeState": {"stateEvent": "enable"}});
    server.put(&format!("/zstack/v1/volumes/{volume}/actions"), &enable).ok();
    let image = text(&server.template(&text(&server.backup(&volume)["uuid"]), "golden").inventory()["uuid"]);
    let fields = [("imageUuid", image.as_str()), ("backupStorageUuid", &storage), ("exportFormat", "raw")];
    assert_eq!(send(&visitor, "ExportImageFromBackupStorage", &fields).status, 303);
    assert_eq!(server.query("/zstack/v1/longjobs")[0]["name"], "Export: golden");
}

#[test]
fn of_more_than_can_be_listed_the_newest_are_and_the_one_that_is_meant() {
    let (_temp, server, _) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let tag = |name: String| json!({"params": {"name": name, "value": "v", "type": "simple"}});
    let first = text(&server.post("/zstack/v1/tags", &tag("first".to_owned())).inventory()["uuid"]);
    for nth in 0..200 {
        server.post("/zstack/v1/tags", &tag(format!("tag-{nth}"))).inventory();
    }
    let form = visitor.get("/do/AttachTagToResources").text;
    assert!(field(&form, "tagUuid").contains("list=\"list-tagUuid\""), "{form}");
    let (_, list) = form.split_once("<datalist id=\"list-tagUuid\">").unwrap();
    let (list, _) = list.split_once("</datalist>").unwrap();
    assert!(list.matches("<option").count() == 200 && list.contains("tag-199") && !list.contains(&first), "{list}");
    let form = visitor.get(&format!("/do/AttachTagToResources?tagUuid={first}")).text;
    assert!(field(&form, "tagUuid").contains(&format!("value=\"{first}\"")), "{form}");
    assert!(form.contains("This is \u{2068}first\u{2069}"), "{form}");
}

#[test]
fn a_root_volume_is_registered_as_one_and_alone_offered_to_back_up_its_machine() {
    let (_temp, server, data) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let availability = |visitor: &Visitor| visitor.get("/docs/CreateVmBackup").text;
    assert!(availability(&visitor).contains("None of the volumes is Ready and Enabled and Root."));
    let form = [("name", "root"), ("file", "a.raw"), ("format", "raw"), ("type", "Root"), ("csrf", &visitor.token())];
    let root = Server::send(visitor.request("POST", "/volumes/register").body(encoded(&form)));
    let root = done(&root).split(['/', '?']).nth(2).unwrap().to_owned();
    assert_eq!(server.query(&format!("/zstack/v1/volumes?q=uuid={root}"))[0]["type"], "Root");
    let form = visitor.get("/do/CreateVmBackup").text;
    let (_, choice) = form.split_once("id=\"field-rootVolumeUuid\"").unwrap();
    let (choice, _) = choice.split_once("</select>").unwrap();
    assert!(choice.contains(&root) && !choice.contains(&data), "{choice}");
    assert!(!availability(&visitor).contains("and Root."));
}

#[test]
fn an_image_that_waits_for_its_file_says_how_to_send_it() {
    let (_temp, server, _) = server_with_volume();
    let visitor = Visitor::signed_in(&server);
    let storage = server.backup_storage();
    let form = [("name", "i"), ("url", "upload://disk"), ("format", "raw"), ("backupStorageUuids", storage.as_str())];
    let page = done(&send(&visitor, "AddImage", &form));
    let page = visitor.get(&page).text;
    let (_, command) = page.split_once("curl --upload-file FILE &#39;").unwrap_or_else(|| panic!("{page}"));
    let (url, _) = command.split_once("&#39;").unwrap();
    let reply = Server::send(visitor.request("PUT", url.strip_prefix(&server.base).unwrap()).body(sample_disk(1)));
    assert!(reply.status < 300, "{}", reply.text);
    until("the image", || server.query("/zstack/v1/images")[0]["status"] == "Ready");
}
