//! A browser with a fresh profile, driven as a person would: by what stands on the page. It finds no other host than this one,
//! which is called `imprint.test`, too, and notes what pages ask for and complain about.
//!
//! A step that cannot be done panics and says what stood on the page.

mod driver;
mod endpoint;

use driver::Driver;
use endpoint::Endpoint;
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use std::future::Future;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long a page may take to show what is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Chromium without whatever would ask for other hosts. Its sandbox needs rights that containers and root do not have; it
/// sees our own pages only.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP imprint.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// What a visitor's system prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark text on light.
    Light,
    /// Light text on dark.
    Dark,
}

/// A running browser; gone with all of its processes when dropped.
#[derive(Debug)]
pub struct Browser {
    runtime: Runtime,
    client: Client,
    base: String,
    _driver: Driver,
    profile: TempDir,
}

impl Browser {
    /// Starts one for the pages of this server: `http://127.0.0.1:PORT`.
    ///
    /// # Panics
    /// When there is no Chromium or chromedriver on this machine.
    pub fn start(base: &str) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let driver = Driver::start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut arguments: Vec<String> = ARGUMENTS.iter().map(|it| (*it).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().join("profile").display()));
        let options = json!({
            "args": arguments,
            // It starts with an empty page, not with its own.
            "prefs": {"download.default_directory": profile.path().join("downloads"),
                "session.restore_on_startup": 4, "session.startup_urls": ["about:blank"]},
        });
        let wanted = Map::from_iter([
            ("browserName".to_owned(), "chrome".into()),
            ("goog:chromeOptions".to_owned(), options),
            ("goog:loggingPrefs".to_owned(), json!({"browser": "ALL", "performance": "ALL"})),
        ]);
        let address = driver.address();
        let connected = runtime
            .block_on(async { ClientBuilder::new(HttpConnector::new()).capabilities(wanted).connect(&address).await });
        let client = connected.unwrap_or_else(|error| panic!("no browser: {error}"));
        Self { runtime, client, base: base.to_owned(), _driver: driver, profile }
    }

    fn wait<T, E: std::fmt::Display>(&self, what: impl Future<Output = Result<T, E>>, said: &str) -> T {
        match self.runtime.block_on(what) {
            Ok(done) => done,
            Err(error) => panic!("{said}: {error}\n{}", self.page()),
        }
    }

    /// What is seen now, for the messages of failures.
    fn page(&self) -> String {
        let script = "return location.href + '\\n' + document.body.innerText";
        let seen = self.runtime.block_on(self.client.execute(script, Vec::new()));
        seen.ok().and_then(|seen| seen.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Opens a page of the server.
    pub fn open(&self, path: &str) {
        self.visit(&format!("{}{path}", self.base));
    }

    /// Opens a page by its whole address.
    pub fn visit(&self, url: &str) {
        self.wait(self.client.goto(url), url);
    }

    /// The path and the query of the page.
    pub fn place(&self) -> String {
        let url = self.wait(self.client.current_url(), "the address");
        url.as_str().strip_prefix(&self.base).unwrap_or(url.as_str()).to_owned()
    }

    /// What stands on the page.
    pub fn text(&self) -> String {
        self.script("return document.body.innerText", &[]).as_str().unwrap_or_default().to_owned()
    }

    /// The page's HTML as it is now.
    pub fn source(&self) -> String {
        self.wait(self.client.source(), "the page's source")
    }

    /// Goes back to the page before.
    pub fn back(&self) {
        self.wait(self.client.back(), "back");
    }

    /// What a script answers.
    pub fn script(&self, script: &str, arguments: &[Value]) -> Value {
        self.wait(self.client.execute(script, arguments.to_vec()), script)
    }

    /// What a script answers by calling its last argument.
    pub fn script_to_its_end(&self, script: &str) -> Value {
        self.wait(self.client.execute_async(script, Vec::new()), "the script")
    }

    /// Waits until this stands on the page.
    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("'{text}'"), || self.text().contains(text));
    }

    /// Waits until that holds.
    ///
    /// # Panics
    /// When it does not come true.
    pub fn wait_until(&self, what: &str, holds: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < until, "waited in vain for {what}\n{}", self.page());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses the button, or follows the link, that says this.
    pub fn press(&self, says: &str) {
        let path = format!(
            "//*[self::button or self::a or self::summary][normalize-space()={0}] | //input[@type='submit'][@value={0}]",
            quoted(says)
        );
        let found = self.find(&path, says);
        self.wait(found.click(), says);
    }

    /// Types into the field of this label, in place of what stands there.
    pub fn fill(&self, label: &str, text: &str) {
        let field = self.field(label);
        self.wait(field.clear(), label);
        self.wait(field.send_keys(text), label);
    }

    /// Chooses what says this in the field of this label.
    pub fn choose(&self, label: &str, says: &str) {
        let field = self.field(label);
        let option = format!(".//option[contains(normalize-space(), {})]", quoted(says));
        let option = self.wait(field.find(Locator::XPath(&option)), says);
        self.wait(option.click(), says);
    }

    /// Ticks the box of this label.
    pub fn tick(&self, label: &str) {
        let found = self.find(&format!("//label[contains(normalize-space(), {})]//input", quoted(label)), label);
        self.wait(found.click(), label);
    }

    /// What stands in the field of this label.
    pub fn value(&self, label: &str) -> String {
        self.wait(self.field(label).prop("value"), label).unwrap_or_default()
    }

    /// Where the link that says this leads.
    pub fn link(&self, says: &str) -> String {
        let link = self.find(&format!("//a[normalize-space()={}]", quoted(says)), says);
        self.wait(link.prop("href"), says).unwrap_or_default()
    }

    /// What stands beside this name in a list of facts.
    pub fn fact(&self, name: &str) -> String {
        let found = self.find(&format!("(//dt[normalize-space()={}]/following-sibling::dd)[1]", quoted(name)), name);
        self.wait(found.prop("innerText"), name).unwrap_or_default().trim().to_owned()
    }

    /// The file that the browser saves because this link was followed: waited for, taken, and removed.
    pub fn downloaded(&self, link: &str) -> Vec<u8> {
        let len = self.script_to_its_end(&format!(
            "const done = arguments[arguments.length - 1];
            fetch({}, {{ method: 'HEAD' }}).then((answer) => done(+answer.headers.get('Content-Length')), done);",
            Value::from(link)
        ));
        let folder = self.profile.path().join("downloads");
        let saved = || {
            let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            // While a file comes, it has another name or is shorter.
            files.map(|file| file.path()).find(|path| {
                let is_whole = std::fs::metadata(path).is_ok_and(|file| Some(file.len()) == len.as_u64());
                is_whole && path.extension().is_none_or(|end| end != "crdownload" && end != "tmp")
            })
        };
        self.wait_until("a file that is saved", || saved().is_some());
        let path = saved().expect("it was there a moment ago");
        let bytes = std::fs::read(&path).expect("a saved file");
        std::fs::remove_file(path).expect("the saved file goes");
        bytes
    }

    fn field(&self, label: &str) -> Element {
        let path = format!("//*[@id = //label[starts-with(normalize-space(), {})]/@for]", quoted(label));
        self.find(&path, label)
    }

    fn find(&self, path: &str, said: &str) -> Element {
        self.wait(self.client.find(Locator::XPath(path)), said)
    }

    /// Presses keys one after another, as they are named in WebDriver: `\u{e004}` is the tabulator, `\u{e007}` enter.
    pub fn keys(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| [stroke("keyDown", key), stroke("keyUp", key)]);
        self.strike(&strokes.collect::<Vec<_>>());
    }

    /// Presses a key while another one is held.
    pub fn chord(&self, held: char, key: char) {
        self.strike(&[stroke("keyDown", held), stroke("keyDown", key), stroke("keyUp", key), stroke("keyUp", held)]);
    }

    fn strike(&self, strokes: &[Value]) {
        // A page takes keys once it was drawn.
        self.script_to_its_end(
            "const done = arguments[arguments.length - 1];
            requestAnimationFrame(() => requestAnimationFrame(() => done(true)));",
        );
        let body = json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]});
        self.ask("actions", body);
    }

    /// Shows pages in a window of this size.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.command("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Shows pages as on a system that prefers this.
    pub fn prefer(&self, scheme: Scheme) {
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.command("Emulation.setEmulatedMedia", &features);
    }

    /// What is seen, as a PNG file.
    pub fn picture(&self) -> Vec<u8> {
        self.wait(self.client.screenshot(), "a picture")
    }

    /// A command of the browser's own protocol.
    pub fn command(&self, name: &str, parameters: &Value) -> Value {
        self.ask("goog/cdp/execute", json!({"cmd": name, "params": parameters}))
    }

    /// The addresses that were asked for since this was asked last.
    pub fn requested(&self) -> Vec<String> {
        let entries = self.log("performance");
        let messages = entries.iter().filter_map(|entry| entry.get("message")?.as_str());
        let events = messages.filter_map(|message| serde_json::from_str::<Value>(message).ok());
        let sent = events.filter(|event| event.pointer("/message/method") == Some(&"Network.requestWillBeSent".into()));
        let urls = sent.filter_map(|event| Some(event.pointer("/message/params/request/url")?.as_str()?.to_owned()));
        urls.collect()
    }

    /// What the console said since this was asked last: errors of scripts, broken rules, what could not be loaded.
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.log("browser");
        entries.iter().filter_map(|entry| Some(entry.get("message")?.as_str()?.to_owned())).collect()
    }

    fn log(&self, name: &str) -> Vec<Value> {
        self.ask("se/log", json!({"type": name})).as_array().cloned().unwrap_or_default()
    }

    fn ask(&self, path: &'static str, body: Value) -> Value {
        self.wait(self.client.issue_cmd(Endpoint { path, body }), path)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A browser that was closed removes its profile's locks; whatever does not end is killed with the driver.
        let closed = self.client.clone().close();
        let _ = self.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(5), closed).await });
    }
}

/// A text as XPath writes it.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

/// A key that goes down, or up.
fn stroke(kind: &str, key: char) -> Value {
    json!({"type": kind, "value": key.to_string()})
}
