//! Steps that many tests take.

use crate::browser::Browser;
use crate::server::PASSWORD;
use serde_json::{Value, json};

impl Browser {
    /// Signs in with the form that is shown, or with the one of `/sign-in`.
    pub fn sign_in(&self, account: &str, password: &str) {
        if !self.place().contains("sign-in") && !self.has("password") {
            self.open("/sign-in");
        }
        self.fill("Account", account);
        self.fill("Password", password);
        self.press("Sign in");
        self.wait_until("a page for whoever signed in", || !self.has("password"));
    }

    /// Signs the administrator in.
    pub fn sign_in_as_administrator(&self) {
        self.sign_in("admin", PASSWORD);
    }

    /// Tries to sign in with a password that is not the account's.
    pub fn sign_in_wrongly(&self, account: &str) {
        self.fill("Account", account);
        self.fill("Password", "not the password");
        self.press("Sign in");
        self.wait_for("ID.1000");
    }

    fn has(&self, id: &str) -> bool {
        self.script("return !!document.getElementById(arguments[0])", &[id.into()]) == json!(true)
    }

    /// Makes the browser forget that anybody signed in.
    pub fn forget(&self) {
        self.command("Network.clearBrowserCookies", &json!({}));
    }

    /// The session in the browser's cookie, which no script can read.
    pub fn session(&self) -> String {
        let cookies = self.command("Network.getCookies", &json!({}));
        let all = cookies["cookies"].as_array().cloned().unwrap_or_default();
        let ours =
            all.iter().find(|cookie| cookie["name"].as_str().is_some_and(|name| name.starts_with("imprint-session-")));
        let ours = ours.expect("the session's cookie");
        assert_eq!((&ours["httpOnly"], &ours["sameSite"]), (&json!(true), &json!("Strict")));
        ours["value"].as_str().unwrap_or_default().to_owned()
    }

    /// Calls the API from a page of whoever is signed in, as the pages' own scripts do, and follows it to its end.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let text = if body.is_null() { Value::Null } else { body.to_string().into() };
        let script = format!(
            "const done = arguments[arguments.length - 1];
            (async () => {{
              const csrf = document.querySelector('meta[name=imprint-csrf]').content;
              let answer = await fetch({path}, {{ method: {method}, body: {text}, headers: {{ 'X-Imprint-Csrf': csrf }} }});
              let reply = await answer.json();
              while (answer.status == 202) {{
                await new Promise((next) => setTimeout(next, 50));
                answer = await fetch(new URL(reply.location).pathname, {{ headers: {{ 'X-Imprint-Csrf': csrf }} }});
                if (answer.status != 202) reply = await answer.json();
              }}
              return reply;
            }})().then(done, (error) => done({{ failed: String(error) }}));",
            path = Value::from(format!("/zstack/v1{path}")),
            method = Value::from(method),
        );
        self.script_to_its_end(&script)
    }

    /// The same, which must succeed; answers the `inventory`.
    #[track_caller]
    pub fn made(&self, method: &str, path: &str, body: &Value) -> Value {
        let reply = self.call(method, path, body);
        assert!(reply.get("error").is_none() && reply.get("failed").is_none(), "{method} {path}: {reply}");
        reply["inventory"].clone()
    }

    /// The id of the storage named `default`.
    pub fn backup_storage(&self) -> String {
        let found = self.call("GET", "/backup-storage?q=name=default", &Value::Null);
        found["inventories"][0]["uuid"].as_str().expect("there is a storage").to_owned()
    }

    /// Registers a file as a volume of this name; answers its id.
    pub fn register(&self, name: &str, file: &str, format: &str) -> String {
        let source = format!("volume::source::file:{file}?format={format}");
        let volume = self.made("POST", "/volumes/data", &json!({"params": {"name": name}, "systemTags": [source]}));
        id(&volume)
    }

    /// Backs a volume up; answers the backup's id.
    pub fn back_up(&self, volume: &str, name: &str) -> String {
        let params = json!({"name": name, "backupStorageUuid": self.backup_storage()});
        id(&self.made("POST", &format!("/volumes/{volume}/volume-backups"), &json!({"params": params})))
    }

    /// Submits a long job of this name; answers its id.
    pub fn submit(&self, job: &str, name: &str, data: &Value) -> String {
        let params = json!({"jobName": job, "jobData": data.to_string(), "name": name});
        id(&self.made("POST", "/longjobs", &json!({"params": params})))
    }

    /// Makes a template of a backup; answers the image's id.
    pub fn template(&self, backup: &str, name: &str) -> String {
        let params = json!({"name": name, "backupStorageUuid": self.backup_storage()});
        let path = format!("/images/data-volume-templates/from/volume-template/{backup}");
        id(&self.made("POST", &path, &json!({"params": params})))
    }
}

/// The id of what was made.
#[track_caller]
pub fn id(inventory: &Value) -> String {
    inventory["uuid"].as_str().unwrap_or_else(|| panic!("no id: {inventory}")).to_owned()
}
