//! Texts that want to be more than texts: pages stay whole, nothing runs, nothing overflows a phone.

use crate::pages::{LISTS, OTHERS};
use imprint_browser::{Browser, PASSWORD, Server, id, make_qcow2, noise};
use serde_json::{Value, json};
use url::form_urlencoded;

fn texts() -> Vec<String> {
    let fixed = [
        "<script>window.ran = 1</script>",
        "\"><img src=x onerror=window.ran=1>",
        "' onmouseover='window.ran=1' autofocus onfocus='window.ran=1",
        "</title></textarea></select></option></pre><svg onload=window.ran=1>",
        "javascript:window.ran=1",
        "{{ 7 * 7 }} ${7*7} <%= 7 %> &lt;b&gt; &#60;",
        "\u{202e}gpj.exe \u{2066}\u{2067} \u{200b}\u{feff}",
        "عربي then 123 עברית",
        "a\u{7}b\u{1b}[31m\u{8}c",
        "line\nbreak\tand\r\nmore",
        "👩‍👩‍👧‍👦 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞",
    ];
    let mut texts: Vec<_> = fixed.map(str::to_owned).to_vec();
    texts.push("W".repeat(255));
    texts
}

/// Makes a call; answers the id of what it made or changed.
#[track_caller]
fn made(browser: &Browser, method: &str, path: &str, body: &Value) -> String {
    id(&browser.made(method, path, body))
}

/// Makes a call that must be refused with these words.
#[track_caller]
fn refused(browser: &Browser, method: &str, path: &str, body: &Value, words: &str) {
    let reply = browser.call(method, path, body);
    let said = reply["error"]["details"].as_str().unwrap_or_default();
    assert!(said.contains(words), "{method} {path} {body}: {reply}");
}

/// What is there before anything is called so.
struct Things {
    volume: String,
    image: String,
    storage: String,
    primary_storage: String,
    administrator: String,
}

impl Things {
    /// Gives everything that can have one this name and description; answers the pages to look at.
    fn fill(&self, browser: &Browser, text: &str) -> Vec<String> {
        let Self { volume, image, storage, primary_storage, administrator } = self;
        let both = json!({"name": text, "description": text});
        let image_path = format!("/images/{image}/actions");
        let mut described = both.clone();
        described["guestOsType"] = text.into();
        for (path, action, params) in [
            (format!("/volumes/{volume}/actions"), "updateVolume", &both),
            (image_path.clone(), "updateImage", &described),
            (format!("/backup-storage/image-store/{storage}/actions"), "updateImageStoreBackupStorage", &both),
            (format!("/primary-storage/{primary_storage}/actions"), "updatePrimaryStorage", &both),
        ] {
            made(browser, "PUT", &path, &json!({action: params}));
        }
        for field in ["platform", "architecture"] {
            // Some are too long as well.
            refused(
                browser,
                "PUT",
                &image_path,
                &json!({"updateImage": {field: text}}),
                &format!("field[{field}]: must "),
            );
        }
        let url = format!("https://127.0.0.1/{text}");
        let params = json!({"name": text, "url": url, "format": "raw", "backupStorageUuids": [storage]});
        refused(browser, "POST", "/images", &json!({"params": params}), "private addresses are not fetched from");
        let tag = json!({"params": {"resourceUuid": volume, "resourceType": "VolumeVO", "tag": text}});
        made(browser, "POST", "/user-tags", &tag);
        let data = json!({"volumeUuid": volume, "name": text, "backupStorageUuid": storage}).to_string();
        let job = json!({"jobName": "APICreateVolumeBackupMsg", "jobData": data, "name": text, "description": text});
        let backup = json!({"name": text, "description": text, "backupStorageUuid": storage});
        // Names and values of tags are shorter than other texts.
        let short: String = text.chars().take(128).collect();
        let account = json!({"name": text, "description": text, "password": "0".repeat(128)});
        let key = json!({"accountUuid": administrator, "userUuid": administrator, "description": text});
        let new = [
            ("tags", "/tags".to_owned(), json!({"name": short, "value": short, "description": text})),
            ("zones", "/zones".to_owned(), both.clone()),
            ("accounts", "/accounts".to_owned(), account),
            ("access-keys", "/accesskeys".to_owned(), key),
            ("jobs", "/longjobs".to_owned(), job),
            ("backups", format!("/volumes/{volume}/volume-backups"), backup),
        ];
        let new = new.into_iter().map(|(pages, path, params)| {
            format!("/{pages}/{}", made(browser, "POST", &path, &json!({"params": params})))
        });
        let there = [
            format!("/volumes/{volume}"),
            format!("/images/{image}"),
            format!("/backup-storages/{storage}"),
            format!("/primary-storages/{primary_storage}"),
        ];
        new.chain(there).collect()
    }
}

/// Pages whose addresses hold the text.
fn addressed(text: &str) -> Vec<String> {
    let encoded = form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    vec![
        format!("/images?name={encoded}&sort={encoded}&page={encoded}&done={encoded}"),
        format!("/do/CreateTag?name={encoded}&value={encoded}&color={encoded}&back={encoded}"),
        format!("/do/CreateVolumeBackup?volumeUuid={encoded}&backupStorageUuid={encoded}"),
        format!("/volumes/register?name={encoded}&file={encoded}&format={encoded}"),
        format!("/images/{encoded}"),
        format!("/sign-in?next={encoded}"),
        format!("/docs?q={encoded}"),
        format!("/docs/CreateTag?name={encoded}&value={encoded}&color={encoded}"),
        format!("/docs/QueryImage?q={encoded}&uuid={encoded}&sort={encoded}"),
    ]
}

/// What a page must be, whatever stands on it.
#[track_caller]
fn is_whole(browser: &Browser, path: &str) {
    let state = browser.script(
        "const page = document.scrollingElement;
        return {
          ran: window.ran ?? null,
          whole: !!document.querySelector('body > header.top') && document.body.lastElementChild.id == 'content'
            && document.querySelectorAll('main').length == 1,
          foreign: [...document.querySelectorAll('main script, main img, [onload], [onerror], [onfocus], [onmouseover]')]
            .map((it) => it.outerHTML.slice(0, 200)),
          script_links: [...document.querySelectorAll('a')].filter((it) => it.protocol == 'javascript:').length,
          mixed: [...document.querySelectorAll('bdi')].filter((it) => getComputedStyle(it).unicodeBidi != 'isolate').length,
          width: page.scrollWidth, window: innerWidth,
          wide: [...document.querySelectorAll('main *')].filter((it) => it.getBoundingClientRect().right > innerWidth + 1
            && !it.closest('.scroll')).slice(0, 3).map((it) => it.outerHTML.slice(0, 200)),
        }",
        &[],
    );
    assert_eq!(state["ran"], Value::Null, "{path}: a script ran");
    assert_eq!(state["whole"], json!(true), "{path}: {}", browser.text());
    assert_eq!(state["foreign"], json!([]), "{path}");
    assert_eq!((&state["script_links"], &state["mixed"]), (&json!(0), &json!(0)), "{path}");
    let (width, window) = (state["width"].as_u64().unwrap(), state["window"].as_u64().unwrap());
    assert!(width <= window, "{path} is {width} wide on {window}: {}", state["wide"]);
}

#[test]
fn hostile_texts_are_texts() {
    let server = Server::start();
    make_qcow2(&server.volume("a.qcow2"), &noise(1, 1 << 20), 2 << 20);
    let browser = Browser::start(server.base());
    browser.resize(360, 740);
    browser.sign_in_as_administrator();
    let volume = browser.register("v", "a.qcow2", "qcow2");
    let image = browser.template(&browser.back_up(&volume, "b"), "i");
    let only = |path: &str| id(&browser.call("GET", path, &Value::Null)["inventories"][0]);
    let things = Things {
        volume,
        image,
        storage: browser.backup_storage(),
        primary_storage: only("/primary-storage"),
        administrator: only("/accounts"),
    };
    let mut unseen = Vec::new();
    for text in texts() {
        let about = things.fill(&browser, &text);
        for path in &about {
            browser.open(path);
            is_whole(&browser, path);
            let script = "return document.body.textContent.includes(arguments[0])";
            // HTML knows one line break alone.
            let shown = browser.script(script, &[text.replace("\r\n", "\n").into()]);
            if shown != json!(true) {
                unseen.push(format!("{path}: {text:?}"));
            }
        }
        for path in addressed(&text) {
            browser.open(&path);
            is_whole(&browser, &path);
        }
    }
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
    for path in LISTS.iter().chain(OTHERS) {
        browser.open(path);
        is_whole(&browser, path);
    }
    // What is refused says so with the text in it.
    browser.open("/do/CreateTag");
    browser.press("More options");
    browser.fill("Name", "<script>window.ran = 1</script>");
    browser.fill("Value", "<script>window.ran = 1</script>");
    browser.fill("Resource", "<img src=x onerror=window.ran=1>");
    browser.press("Create tag");
    browser.wait_for("SYS.");
    is_whole(&browser, "a refusal");
    // Whoever has such a name has it on every page.
    let name = format!("\"><img src=x onerror=window.ran=1></title><script>window.ran = 1</script>{}", "W".repeat(150));
    let name = name.as_str();
    browser.open("/do/CreateAccount");
    browser.fill("Name", name);
    browser.fill("Password", PASSWORD);
    browser.fill("The password once more", PASSWORD);
    browser.press("Create account");
    browser.wait_until("the account's page", || browser.place().starts_with("/accounts/"));
    browser.press("Sign out");
    browser.wait_until("the sign-in", || browser.place() == "/sign-in");
    browser.sign_in(name, PASSWORD);
    for path in LISTS.iter().chain(OTHERS) {
        browser.open(path);
        is_whole(&browser, path);
        let header = browser.script("return document.querySelector('body > header.top').textContent", &[]);
        assert!(header.as_str().is_some_and(|header| header.contains(name)), "{path}: {header}");
    }
    // Nothing was kept from running or loading; that of what is not there, or refused, is said as well.
    let is_answer = |it: &String| {
        let statuses = ["404 (Not Found)", "422 (Unprocessable", "503 (Service Unavailable)"];
        statuses.iter().any(|status| it.contains(&format!("the server responded with a status of {status}")))
    };
    let complaints: Vec<_> = browser.complaints().into_iter().filter(|it| !is_answer(it)).collect();
    assert_eq!(complaints, [""; 0]);
}
