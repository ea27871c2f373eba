//! Texts that want to be more than texts: pages stay whole, nothing runs, nothing overflows a phone.

use crate::pages::{LISTS, OTHERS};
use imprint_browser::{Browser, Server, make_qcow2, noise};
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

/// Makes a call that may be refused: not every text is allowed everywhere.
fn attempt(browser: &Browser, method: &str, path: &str, body: &Value) -> Option<String> {
    let reply = browser.call(method, path, body);
    reply["inventory"]["uuid"].as_str().map(str::to_owned)
}

/// What is there before anything is called so.
struct Things {
    volume: String,
    image: String,
    storage: String,
}

impl Things {
    /// Gives everything that can have one this name and description; answers the pages to look at.
    fn fill(&self, browser: &Browser, text: &str) -> Vec<String> {
        let Self { volume, image, storage } = self;
        let both = json!({"name": text, "description": text});
        for (path, action) in [
            (format!("/volumes/{volume}/actions"), "updateVolume"),
            (format!("/images/{image}/actions"), "updateImage"),
            (format!("/backup-storage/{storage}/actions"), "updateImageStoreBackupStorage"),
        ] {
            attempt(browser, "PUT", &path, &json!({action: both}));
        }
        let tag = json!({"params": {"resourceUuid": volume, "resourceType": "VolumeVO", "tag": text}});
        attempt(browser, "POST", "/user-tags", &tag);
        // The job fails: there is no such storage.
        let data = json!({"volumeUuid": volume, "name": text, "backupStorageUuid": volume}).to_string();
        let job = json!({"jobName": "APICreateVolumeBackupMsg", "jobData": data, "name": text, "description": text});
        let backup = json!({"name": text, "description": text, "backupStorageUuid": storage});
        let made = [
            ("tags", "/tags".to_owned(), json!({"name": text, "value": text, "description": text})),
            ("zones", "/zones".to_owned(), both.clone()),
            (
                "accounts",
                "/accounts".to_owned(),
                json!({"name": text, "description": text, "password": "0".repeat(128)}),
            ),
            ("jobs", "/longjobs".to_owned(), job),
            ("backups", format!("/volumes/{volume}/volume-backups"), backup),
        ];
        let made = made.into_iter().filter_map(|(pages, path, params)| {
            Some(format!("/{pages}/{}", attempt(browser, "POST", &path, &json!({"params": params}))?))
        });
        let there = [format!("/volumes/{volume}"), format!("/images/{image}"), format!("/backup-storages/{storage}")];
        made.chain(there).collect()
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
    let things = Things { volume, image, storage: browser.backup_storage() };
    let mut shown = 0;
    for text in texts() {
        for path in things.fill(&browser, &text).into_iter().chain(addressed(&text)) {
            browser.open(&path);
            is_whole(&browser, &path);
            let stands =
                browser.script("return document.body.textContent.includes(arguments[0])", &[text.as_str().into()]);
            shown += usize::from(stands == json!(true));
        }
    }
    assert!(shown > 60, "only {shown} pages showed their text");
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
}
