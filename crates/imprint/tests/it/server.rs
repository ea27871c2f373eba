//! A real server in a directory of its own, and the few words to speak to it.

use crate::waiting::eventually;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const ADMIN: &str = "36c27e8ff05c4780bf6d2fa65700f22e";

/// A running `imprint serve`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) base: String,
    http: reqwest::blocking::Client,
    session: String,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.text))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The `inventory` of a success.
    #[track_caller]
    pub(crate) fn inventory(&self) -> Value {
        self.ok()["inventory"].clone()
    }

    /// Code and details of an error of the API layer, whose body must hold nothing but `error`.
    #[track_caller]
    pub(crate) fn error(&self) -> (String, String) {
        assert_eq!(self.status, 503, "{}", self.text);
        let body = self.json();
        assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
        let text = |key: &str| body["error"][key].as_str().unwrap_or_else(|| panic!("{key}: {body}")).to_owned();
        assert!(!text("description").is_empty());
        (text("code"), text("details"))
    }

    /// Asserts an error of that code whose details hold all of `parts`.
    #[track_caller]
    pub(crate) fn refused(&self, code: &str, parts: &[&str]) {
        let (found, details) = self.error();
        assert_eq!(found, code, "{details}");
        for part in parts {
            assert!(details.contains(part), "'{part}' is not in '{details}'");
        }
    }
}

impl Server {
    /// Starts on a free port over `data` and logs the administrator in.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    pub(crate) fn start_with(data: &Path, arguments: &[&str]) -> Self {
        Self::try_start(Self::command(data, arguments)).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Starts what [`Self::command`] made, or answers why it did not start; nothing is left running then.
    pub(crate) fn try_start(mut command: Command) -> Result<Self, String> {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let base = line.trim().strip_prefix("listening on ").unwrap_or_default().to_owned();
        let http = reqwest::blocking::Client::builder().timeout(None).build().unwrap();
        let mut server = Self { base, child, http, session: String::new() };
        if server.base.is_empty() {
            return Err(format!("not started: '{line}'"));
        }
        let log_in = server.try_log_in("admin", PASSWORD).ok_or("no answer to the log-in")?;
        if log_in.status != 200 {
            return Err(format!("no log-in: {}", log_in.text));
        }
        server.session = text(&log_in.inventory()["uuid"]);
        Ok(server)
    }

    pub(crate) fn command(data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_imprint"));
        command
            .arg("serve")
            .arg("--data")
            .arg(data)
            .args(["--listen", "127.0.0.1:0", "--log-level", "warn"])
            .args(arguments);
        command.env("IMPRINT_ADMIN_PASSWORD", PASSWORD).stdin(Stdio::null());
        command
    }

    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// The id of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power button would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn terminate(mut self) -> std::process::ExitStatus {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap()
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::blocking::RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.base))
    }

    pub(crate) fn send(request: reqwest::blocking::RequestBuilder) -> Reply {
        Self::try_send(request).expect("an answer")
    }

    /// `None` when the server is gone, or went before it had answered.
    pub(crate) fn try_send(request: reqwest::blocking::RequestBuilder) -> Option<Reply> {
        let response = request.send().ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Reply { status, headers, text: response.text().ok()? })
    }

    /// A request of the administrator.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Reply {
        Self::send(self.call_request(method, path, body))
    }

    fn call_request(&self, method: &str, path: &str, body: &Value) -> reqwest::blocking::RequestBuilder {
        let request = self.request(method, path).header("Authorization", format!("OAuth {}", self.session));
        if body.is_null() { request } else { request.body(body.to_string()) }
    }

    /// Like [`Self::call`], to its end, on a server that may fail meanwhile.
    pub(crate) fn attempt(&self, method: &str, path: &str, body: &Value) -> Option<Reply> {
        let patience = std::time::Duration::from_mins(1);
        let mut reply = Self::try_send(self.call_request(method, path, body).timeout(patience))?;
        while reply.status == 202 {
            reply = Self::try_send(self.http.get(text(&reply.json()["location"])).timeout(patience))?;
        }
        Some(reply)
    }

    /// A request of whoever has the session.
    pub(crate) fn call_as(&self, session: &str, method: &str, path: &str, body: &Value) -> Reply {
        let request = self.request(method, path).header("Authorization", format!("OAuth {session}"));
        Self::send(if body.is_null() { request } else { request.body(body.to_string()) })
    }

    /// Makes a normal account; answers its id and a session of it.
    #[track_caller]
    pub(crate) fn account(&self, name: &str) -> (String, String) {
        let password = hex::encode(Sha512::digest(name));
        let body = json!({"params": {"name": name, "password": password}});
        let uuid = text(&self.finish(self.post("/zstack/v1/accounts", &body)).inventory()["uuid"]);
        (uuid, text(&self.log_in(name, name).inventory()["uuid"]))
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &Value::Null)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, body)
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Reply {
        self.call("PUT", path, body)
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, &Value::Null)
    }

    /// Follows a 202 to its end, as the SDKs do.
    pub(crate) fn finish(&self, mut reply: Reply) -> Reply {
        while reply.status == 202 {
            let Some(location) = reply.json()["location"].as_str().map(str::to_owned) else {
                panic!("202 without location: {}", reply.text)
            };
            let poll = || Self::send(self.http.get(&location));
            reply = eventually("the job's end", || Some(poll()).filter(|reply| reply.status != 202));
        }
        reply
    }

    pub(crate) fn log_in(&self, account: &str, password: &str) -> Reply {
        self.try_log_in(account, password).expect("an answer")
    }

    fn try_log_in(&self, account: &str, password: &str) -> Option<Reply> {
        let digest = hex::encode(Sha512::digest(password));
        let body = json!({"logInByAccount": {"accountName": account, "password": digest}});
        Self::try_send(self.request("PUT", "/zstack/v1/accounts/login").body(body.to_string()))
    }

    /// The rows of a query.
    #[track_caller]
    pub(crate) fn query(&self, path_and_query: &str) -> Vec<Value> {
        self.get(path_and_query).ok()["inventories"].as_array().unwrap().clone()
    }

    /// The cookie in which a browser keeps a session.
    pub(crate) fn cookie(&self, session: &str) -> String {
        let (_, port) = self.base.rsplit_once(':').unwrap();
        format!("imprint-session-{port}={session}")
    }

    /// Uuid of the storage named `default`.
    pub(crate) fn backup_storage(&self) -> String {
        text(&self.query("/zstack/v1/backup-storage?q=name=default")[0]["uuid"])
    }

    /// Registers a file of the default primary storage as a volume.
    #[track_caller]
    pub(crate) fn volume(&self, file: &str, format: &str) -> String {
        let tag = format!("volume::source::file:{file}?format={format}");
        let reply = self.post("/zstack/v1/volumes/data", &json!({"params": {"name": file}, "systemTags": [tag]}));
        text(&self.finish(reply).inventory()["uuid"])
    }

    /// Backs a volume up into the default storage.
    #[track_caller]
    pub(crate) fn backup(&self, volume: &str) -> Value {
        let body = json!({"params": {"name": "b", "backupStorageUuid": self.backup_storage()}});
        self.finish(self.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &body)).inventory()
    }

    /// Calls the operation of record.
    pub(crate) fn template(&self, backup: &str, name: &str) -> Reply {
        let body = json!({"params": {"name": name, "backupStorageUuid": self.backup_storage()}});
        self.post(&template_path(backup), &body)
    }

    /// Exports an image and downloads it whole.
    #[track_caller]
    pub(crate) fn download(&self, image: &str, format: &str) -> Vec<u8> {
        let url = text(&self.export(image, format)["imageUrl"]);
        let response = self.http.get(url).send().unwrap();
        assert_eq!(response.status(), 200);
        response.bytes().unwrap().to_vec()
    }

    #[track_caller]
    pub(crate) fn export(&self, image: &str, format: &str) -> Value {
        let body = json!({"exportImageFromBackupStorage": {"imageUuid": image, "exportFormat": format}});
        let path = format!("/zstack/v1/backup-storage/{}/actions", self.backup_storage());
        self.finish(self.put(&path, &body)).ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn template_path(backup: &str) -> String {
    format!("/zstack/v1/images/data-volume-templates/from/volume-template/{backup}")
}

/// A string of a reply.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// A data directory with a file of `content` in its default primary storage.
pub(crate) fn data_with(file: &str, content: &[u8]) -> (TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let volumes = temp.path().join("volumes");
    std::fs::create_dir_all(&volumes).unwrap();
    let path = volumes.join(file);
    std::fs::write(&path, content).unwrap();
    (temp, path)
}

/// Bytes that do not compress and differ by `seed`.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// A disk of 3 MiB + 512 bytes: noise, zeros, text, noise.
pub(crate) fn sample_disk(seed: u64) -> Vec<u8> {
    let mut disk = noise(seed, 1 << 20);
    disk.extend(std::iter::repeat_n(0, 1 << 20));
    disk.extend(b"the quick brown fox ".iter().cycle().take(1 << 20));
    disk.extend(noise(seed + 1, 512));
    disk
}

/// The disk inside of a qcow2 file, by qemu-img.
pub(crate) fn qcow2_content(qcow2: &[u8]) -> Vec<u8> {
    let temp = tempfile::tempdir().unwrap();
    let (from, to) = (temp.path().join("a.qcow2"), temp.path().join("a.raw"));
    std::fs::write(&from, qcow2).unwrap();
    run("qemu-img", &["check", "-q", "-f", "qcow2", from.to_str().unwrap()]);
    run("qemu-img", &["convert", "-f", "qcow2", "-O", "raw", from.to_str().unwrap(), to.to_str().unwrap()]);
    std::fs::read(to).unwrap()
}

/// Runs a tool of the tests' machine, which must succeed.
#[track_caller]
pub(crate) fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
