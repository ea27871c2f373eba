//! The reference at `/docs`, as its readers meet it.

use crate::copies::second_storage;
use crate::server::{ADMIN, Reply, Server, data_with, noise, text};
use imprint_api::{ErrorKind, ExampleLanguage, ExampleRequest, field_names, openapi_document, operations, queries};
use serde_json::{Value, json};

fn read(server: &Server, path: &str) -> Reply {
    Server::send(server.request("GET", path))
}

fn read_as(server: &Server, session: &str, path: &str) -> String {
    let reply = Server::send(server.request("GET", path).header("Cookie", server.cookie(session)));
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.text
}

/// What stands in the section of that id.
#[track_caller]
fn section<'a>(html: &'a str, id: &str) -> &'a str {
    let (_, behind) = html.split_once(&format!("<section id=\"{id}\">")).unwrap_or_else(|| panic!("no {id}: {html}"));
    behind.split_once("</section>").unwrap().0
}

#[test]
fn every_operation_and_query_has_a_page_that_says_everything() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 16));
    let server = Server::start(data.path());
    let check = |name: &str, html: &str, parameters: &[&str]| {
        for parameter in parameters {
            assert!(html.contains(&format!("<code>{parameter}</code>")), "{name}: {parameter}");
        }
        for unresolved in ["{{", "{%", "$ref", "&#60;code", "&#60;/", "&#38;#", "Some("] {
            assert!(!html.contains(unresolved), "{name} holds {unresolved}");
        }
        for id in ["endpoint", "availability", "try-it-out", "responses", "errors", "request-example", "history"] {
            assert!(html.contains(&format!("id=\"{id}\"")), "{name} lacks {id}");
        }
        assert!(!html.contains("style=") && !html.contains("onclick"), "{name}");
    };
    for signed_in in [false, true] {
        let page = |name: &str| {
            let path = format!("/docs/{name}");
            if signed_in { read_as(&server, server.session(), &path) } else { read(&server, &path).text }
        };
        for operation in operations() {
            let parameters: Vec<_> = operation.rules.iter().map(|rule| rule.name.as_str()).collect();
            let html = page(operation.name);
            check(operation.name, &html, &parameters);
            check(operation.name, &html, &field_names(&operation.reply_fields()));
            for kind in operation.errors() {
                assert!(section(&html, "errors").contains(kind.code), "{}", operation.name);
            }
        }
        for query in queries() {
            let html = page(query.name);
            check(query.name, &html, &["q", "limit", "start", "count", "replyWithCount", "sort", "fields"]);
            check(query.name, &html, &query.fields.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
    assert_eq!(read(&server, "/docs/NoSuchOperation").status, 404);
    assert_eq!(read(&server, "/docs/CreateVolumeBackup/request").status, 404);
}

#[test]
fn the_first_page_lists_everything_and_is_small() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 16));
    let server = Server::start(data.path());
    let html = read(&server, "/docs").text;
    for name in operations().iter().map(|it| it.name).chain(queries().iter().map(|it| it.name)) {
        assert!(html.contains(&format!("<a href=\"/docs/{name}\">{name}</a>")), "{name}");
    }
    for page in ["/docs/changes", "/docs/protocol"] {
        assert_eq!(read(&server, page).status, 200);
    }
    let protocol = read(&server, "/docs/protocol").text;
    for kind in ErrorKind::ALL {
        assert!(protocol.contains(&format!("id=\"{}\"", kind.code)), "{}", kind.code);
    }
    let zipped = server.request("GET", "/docs").header("Accept-Encoding", "gzip").send().unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    let mut all = zipped.bytes().unwrap().len();
    for asset in html.split('"').filter(|part| part.starts_with("/assets/")) {
        all += server.request("GET", asset).header("Accept-Encoding", "gzip").send().unwrap().bytes().unwrap().len();
    }
    assert!(all < 100 << 10, "{all} bytes");
}

#[test]
fn the_document_that_is_served_is_the_one_of_the_declarations() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 16));
    let server = Server::start(data.path());
    assert_eq!(read(&server, "/openapi.json").ok(), openapi_document());
}

#[test]
fn operations_are_found_by_what_they_have() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 16));
    let server = Server::start(data.path());
    let found = read(&server, "/docs?q=id.1000").text;
    assert!(found.contains("<a href=\"/docs/protocol#ID.1000\">ID.1000</a>"), "{found}");
    assert!(found.contains("<a href=\"/docs/LogInByAccount\">LogInByAccount</a> <code"), "{found}");
    assert!(!found.contains("<a href=\"/docs/CreateZone\">CreateZone</a> <code"), "{found}");
    // While one types, the same is found without a page around it.
    let typed = read(&server, "/docs/search?q=id.1000").text;
    let (_, on_page) = found.split_once("<p data-count>").unwrap();
    assert!(typed.starts_with("<p data-count>") && !typed.contains("<html"), "{typed}");
    assert!(on_page.starts_with(typed.trim_start_matches("<p data-count>").trim_end()), "{typed}");
    assert!(read(&server, "/docs/search?q=LogInByAccount").text.contains("PUT /zstack/v1/accounts/login"));
    assert!(read(&server, "/docs/search?q=xyzzy").text.contains("Nothing found."));
    let hostile = read(&server, "/docs?q=%3Cscript%3Ealert(1)%3C/script%3E").text;
    assert!(!hostile.contains("<script>alert"), "{hostile}");
}

#[test]
fn a_page_says_what_is_missing_to_run_it() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 20));
    let server = Server::start(data.path());
    let template = "/docs/CreateDataVolumeTemplateFromVolumeBackup";
    let says = |session: Option<&str>, path: &str, parts: &[&str]| {
        let html = session.map_or_else(|| read(&server, path).text, |session| read_as(&server, session, path));
        let said = section(&html, "availability");
        for part in parts {
            assert!(said.contains(part), "{path}: '{part}' is not in {said}");
        }
    };
    let admin = Some(server.session());
    let can = "You can run this operation here and now.";
    let (_, normal) = server.account("normal");
    says(
        None,
        template,
        &["You are not signed in.", "/sign-in?next=%2Fdocs%2FCreateDataVolumeTemplateFromVolumeBackup"],
    );
    says(None, "/docs/LogInByAccount", &[can]);
    says(None, "/docs/CreateVmFromVmBackup", &["SYS.1014"]);
    says(Some(&normal), "/docs/CreateZone", &["Only the administrator may run it."]);
    says(admin, "/docs/CreateZone", &[can]);
    says(
        admin,
        "/docs/CreateVolumeBackup",
        &["<code>volumeUuid</code>: You see none of the volumes.", "/volumes/register"],
    );
    says(admin, template, &["<code>backupUuid</code>: You see none of the backups.", "/do/CreateVolumeBackup"]);
    let volume = server.volume("disk.raw", "raw");
    says(admin, "/docs/CreateVolumeBackup", &[can]);
    says(admin, "/docs/RecoverDataVolume", &["None of the volumes is Deleted.", "href=\"/volumes\""]);
    let backup = text(&server.backup(&volume)["uuid"]);
    says(admin, template, &[can]);
    // What others have is nothing to name.
    says(Some(&normal), template, &["You see none of the backups."]);
    let path = format!("/zstack/v1/backup-storage/{}/actions", server.backup_storage());
    let disable = json!({"changeBackupStorageState": {"stateEvent": "disable"}});
    server.finish(server.put(&path, &disable)).ok();
    let none = "<code>backupStorageUuid</code>: None of the backup storages is Connected and Enabled.";
    says(admin, template, &[none, "href=\"/backup-storages\""]);
    let html = read_as(&server, server.session(), template);
    assert!(html.contains(&format!("<option value=\"{backup}\" selected>")), "{html}");
}

#[test]
fn what_others_share_is_nothing_to_change() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 20));
    let server = Server::start(data.path());
    let (account, normal) = server.account("normal");
    let volume = server.volume("disk.raw", "raw");
    let backup = text(&server.backup(&volume)["uuid"]);
    let share = json!({"shareResource": {"resourceUuids": [volume, backup], "accountUuids": [account]}});
    server.put("/zstack/v1/accounts/resources/actions", &share).ok();
    let can = "You can run this operation here and now.";
    let says = |operation: &str, part: &str| {
        let html = read_as(&server, &normal, &format!("/docs/{operation}"));
        let said = section(&html, "availability");
        assert!(said.contains(part), "{operation}: '{part}' is not in {said}");
    };
    says("CreateDataVolumeTemplateFromVolumeBackup", can);
    for operation in ["CreateVolumeBackup", "ResizeDataVolume", "UpdateVolume"] {
        says(operation, "None of the volumes that you see is yours");
    }
    says("DeleteVolumeBackup", "None of the backups that you see is yours");
    // The page of one offers what whoever sees it may do, and nothing else; and says whose it is.
    let html = read_as(&server, &normal, &format!("/backups/{backup}"));
    assert!(html.contains("Owner account") && html.contains(ADMIN), "{html}");
    // No link leads to what one does not see.
    assert!(!html.contains(&format!("/accounts/{ADMIN}")), "{html}");
    assert!(html.contains(&format!("/volumes/{volume}")), "{html}");
    let offered: Vec<_> = html.split("href=\"/do/").skip(1).filter_map(|rest| rest.split('?').next()).collect();
    assert!(offered.contains(&"CreateDataVolumeTemplateFromVolumeBackup"), "{offered:?}");
    assert!(!offered.iter().any(|it| matches!(*it, "DeleteVolumeBackup" | "ShareResource")), "{offered:?}");
    // Whoever has one can.
    let mine = json!({"params": {"name": "mine", "diskSize": 1 << 20}});
    server.call_as(&normal, "POST", "/zstack/v1/volumes/data", &mine).ok();
    says("CreateVolumeBackup", can);
    // What is disabled is not backed up, and can still be changed.
    let html = read_as(&server, server.session(), "/docs/CreateVolumeBackup");
    assert!(section(&html, "availability").contains(can), "{html}");
    for volume in server.query("/zstack/v1/volumes") {
        let path = format!("/zstack/v1/volumes/{}/actions", text(&volume["uuid"]));
        server.put(&path, &json!({"changeVolumeState": {"stateEvent": "disable"}})).ok();
    }
    says("CreateVolumeBackup", "None of the volumes is Ready and Enabled.");
    says("UpdateVolume", can);
}

#[test]
fn copies_take_two_storages() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 20));
    let server = Server::start(data.path());
    let backup = server.backup(&server.volume("disk.raw", "raw"));
    assert_eq!(backup["status"], "Ready");
    let page = || read_as(&server, server.session(), "/docs/SyncBackupFromImageStoreBackupStorage");
    let said = section(&page(), "availability").to_owned();
    let lack =
        "<code>dstBackupStorageUuid</code>: Only one of the backup storages is Connected and Enabled, and it takes two";
    assert!(said.contains(lack), "{said}");
    assert!(!said.contains("srcBackupStorageUuid"), "{said}");
    second_storage(&server, data.path());
    let said = section(&page(), "availability").to_owned();
    assert!(said.contains("You can run this operation here and now."), "{said}");
}

#[test]
fn without_scripts_a_form_shows_its_request() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 16));
    let server = Server::start(data.path());
    let page = |path: &str| read_as(&server, server.session(), path);
    // What was typed and what was left blank comes back in the form, and in the request.
    let html = page("/docs/CreateTag?name=it+is&value=&description=&resourceUuid=abc");
    let form = section(&html, "try-it-out");
    assert!(form.contains("method=\"get\" action=\"/docs/CreateTag#request-example\""), "{form}");
    assert!(form.contains("name=\"name\" type=\"text\" value=\"it is\""), "{form}");
    assert!(form.contains("name=\"value\" type=\"text\" value=\"\""), "{form}");
    assert!(form.contains("href=\"/do/CreateTag?name=it+is&#38;resourceUuid=abc\""), "{form}");
    let shown = section(&html, "request-example");
    assert!(
        shown.contains("&#34;name&#34;:&#34;it is&#34;,") && shown.contains("&#34;resourceUuid&#34;:&#34;abc&#34;"),
        "{shown}"
    );
    assert!(!shown.contains("&#34;value&#34;"), "{shown}");
    let html = page("/docs/QueryImage?q=name~%3Da%25&limit=&sort=-size&replyWithCount=");
    let shown = section(&html, "request-example");
    assert!(shown.contains("/zstack/v1/images?q=name~%3Da%25&#38;sort=-size&#34;"), "{shown}");
    // No secret gets into an address: it is asked for by the script that sends it.
    let html = page("/docs/CreateAccount");
    let (before, behind) = section(&html, "try-it-out").split_once("type=\"password\"").unwrap();
    assert!(behind.contains("The password itself; its digest is what is sent."), "{behind}");
    assert!(before.rsplit_once("<fieldset").unwrap().1.starts_with(" disabled>"), "{before}");
}

#[test]
fn programs_of_the_reference_do_what_they_say() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 16));
    let server = Server::start(data.path());
    let run = |program: &str, request: &ExampleRequest, language: ExampleLanguage| {
        let mut run = std::process::Command::new(program);
        run.args(["-c", &request.in_language(language)]).env("no_proxy", "*");
        run.env("IMPRINT", &server.base).env("SESSION", server.session()).output().unwrap()
    };
    let operation = |name: &str| operations().iter().find(|it| it.name == name).unwrap();
    let create = operation("CreateTag");
    let made = run("sh", &create.request(create.parameters_example()), ExampleLanguage::Curl);
    let tag: Value = serde_json::from_slice(&made.stdout).unwrap();
    let uuid = text(&tag["inventory"]["uuid"]);
    let query = queries().iter().find(|it| it.name == "QueryTag").unwrap();
    let found = run("python3", &query.request(vec![("uuid".to_owned(), uuid.clone())]), ExampleLanguage::Python);
    assert!(String::from_utf8_lossy(&found.stdout).contains(&uuid), "{found:?}");
    let update = |uuid: &str| {
        let parameters = json!({"uuid": uuid, "name": "renamed"});
        run(
            "python3",
            &operation("UpdateTag").request(parameters.as_object().unwrap().clone()),
            ExampleLanguage::Python,
        )
    };
    assert!(update(&uuid).status.success());
    assert_eq!(server.query("/zstack/v1/tags")[0]["name"], "renamed");
    // What is refused says why, and is no success.
    let refused = update("00000000000000000000000000000000");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("HTTP Error 503") && said.contains("SYS.1003") && !said.contains("Traceback"), "{said}");
}

#[test]
fn a_form_tells_its_request_and_keeps_its_secrets() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 16));
    let server = Server::start(data.path());
    let made = |operation: &str, form: &'static str| {
        let request = server.request("POST", &format!("/docs/{operation}/request"));
        Server::send(request.header("Content-Type", "application/x-www-form-urlencoded").body(form)).ok()
    };
    let backup = made("CreateVolumeBackup", "volumeUuid=v&backupStorageUuid=b&name=it%27s&networkReadBandwidth=5");
    assert_eq!(backup["method"], "POST");
    assert_eq!(backup["url"], "/zstack/v1/volumes/v/volume-backups");
    let body: Value = serde_json::from_str(backup["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!({"params": {"backupStorageUuid": "b", "name": "it's", "networkReadBandwidth": 5}}));
    let curl = backup["examples"]["curl"].as_str().unwrap();
    assert!(curl.contains("it'\\''s"), "{curl}");
    assert_eq!(backup["examples"].as_object().unwrap().len(), 4);
    let account = made("CreateAccount", "name=x&password=secret");
    let digest = "bd2b1aaf7ef4f09be9f52ce2d8d599674d81aa9d6a4421696dc4d93dd0619d68";
    assert!(account["body"].as_str().unwrap().contains(digest));
    assert!(!account["examples"].to_string().contains(digest));
    let query = made("QueryImage", "q=name~%3Da%25%0D%0Astatus%3DReady&limit=5");
    assert_eq!(query["url"], "/zstack/v1/images?q=name~%3Da%25&q=status%3DReady&limit=5");
}

#[test]
fn names_from_outside_are_nothing_but_names() {
    let (data, _disk) = data_with("disk.raw", &noise(1, 1 << 16));
    let server = Server::start(data.path());
    let hostile = "\"><script>alert(1)</script>\u{202e}";
    let volume = server.volume("disk.raw", "raw");
    let body = json!({"updateVolume": {"name": hostile}});
    server.finish(server.put(&format!("/zstack/v1/volumes/{volume}/actions"), &body)).ok();
    let html = read_as(&server, server.session(), "/docs/CreateVolumeBackup?name=%3Cscript%3Ealert(2)%3C/script%3E");
    assert!(html.contains("&#60;script&#62;alert(1)"), "{html}");
    assert!(html.contains("alert(2)"), "{html}");
    for script in ["<script>alert", "\"><script>"] {
        assert!(!html.contains(script), "{script}");
    }
}
