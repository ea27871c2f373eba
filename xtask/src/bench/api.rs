//! The operations that the bench needs.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use super::http::Connection;

/// How long a job may take.
const JOB_LIMIT: Duration = Duration::from_hours(1);
/// How often a job is asked for: short beside a backup's seconds, and a burden to nobody.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A logged-in client on one connection.
#[derive(Debug)]
pub(crate) struct Api {
    connection: Connection,
    session: String,
    /// The default backup storage.
    backup_storage: String,
    /// The default primary storage.
    primary_storage: String,
}

/// Why a volume's backup is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Full,
    Incremental,
}

impl Api {
    /// Logs in as the administrator and learns the storages.
    pub(crate) fn log_in(address: SocketAddr, password: &str) -> Result<Self> {
        let hash = Sha512::digest(password.as_bytes()).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        let connection = Connection::open(address)?;
        let mut api =
            Self { connection, session: String::new(), backup_storage: String::new(), primary_storage: String::new() };
        let body = json!({"logInByAccount": {"accountName": "admin", "password": hash}});
        api.session = text(&api.call("PUT", "/zstack/v1/accounts/login", &body)?, "/inventory/uuid")?;
        let storages = api.call("GET", "/zstack/v1/backup-storage", &Value::Null)?;
        api.backup_storage = text(&storages, "/inventories/0/uuid")?;
        let storages = api.call("GET", "/zstack/v1/primary-storage", &Value::Null)?;
        api.primary_storage = text(&storages, "/inventories/0/uuid")?;
        Ok(api)
    }

    /// Another connection of the same session.
    pub(crate) fn again(&self, address: SocketAddr) -> Result<Self> {
        let (session, backup_storage) = (self.session.clone(), self.backup_storage.clone());
        let primary_storage = self.primary_storage.clone();
        Ok(Self { connection: Connection::open(address)?, session, backup_storage, primary_storage })
    }

    /// Makes a volume of a file in the primary storage's directory.
    pub(crate) fn create_volume(&mut self, file: &str, format: &str) -> Result<String> {
        let body = json!({
            "params": {"name": file, "primaryStorageUuid": self.primary_storage},
            "systemTags": [format!("volume::source::file:{file}?format={format}")],
        });
        text(&self.call("POST", "/zstack/v1/volumes/data", &body)?, "/inventory/uuid")
    }

    /// Takes a backup; gives its uuid and the bytes that it stored anew.
    pub(crate) fn back_up(&mut self, volume: &str, mode: Mode) -> Result<(String, u64)> {
        let mut body = json!({"params": {"name": "bench", "backupStorageUuid": self.backup_storage}});
        if let (Mode::Full, Some(params)) = (mode, body.pointer_mut("/params").and_then(Value::as_object_mut)) {
            params.insert("mode".to_owned(), "full".into());
        }
        let reply = self.call("POST", &format!("/zstack/v1/volumes/{volume}/volume-backups"), &body)?;
        let size = reply.pointer("/inventory/size").and_then(Value::as_u64).unwrap_or(0);
        Ok((text(&reply, "/inventory/uuid")?, size))
    }

    /// The bytes of the operation of record, to be sent any number of times.
    pub(crate) fn template_request(&self, backup: &str) -> Vec<u8> {
        let body = json!({"params": {"backupStorageUuid": self.backup_storage, "name": "bench"}}).to_string();
        let path = format!("/zstack/v1/images/data-volume-templates/from/volume-template/{backup}");
        self.connection.encode("POST", &path, Some(&self.session), &body)
    }

    /// Sends the operation of record and waits for the image; the one thing that is measured in microseconds.
    pub(crate) fn make_template(&mut self, request: &[u8]) -> Result<Duration> {
        let begin = Instant::now();
        let answer = self.connection.send(request)?;
        let time = begin.elapsed();
        if answer.status != 200 {
            bail!("the template answered {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        Ok(time)
    }

    /// Makes one template and waits until its digest is known, so that nothing runs beside what is measured next.
    pub(crate) fn settled_template(&mut self, backup: &str) -> Result<String> {
        let request = self.template_request(backup);
        let answer = self.connection.send(&request)?;
        let reply: Value = serde_json::from_slice(answer.body).context("decode the template's answer")?;
        let image = text(&reply, "/inventory/uuid").with_context(|| reply.to_string())?;
        let begin = Instant::now();
        loop {
            let found = self.call("GET", &format!("/zstack/v1/images/{image}"), &Value::Null)?;
            let digest = found.pointer("/inventories/0/md5Sum").and_then(Value::as_str).unwrap_or_default();
            if digest.len() == 32 {
                return Ok(image);
            }
            if begin.elapsed() > JOB_LIMIT {
                bail!("the digest of image {image} is still {digest:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Gives an image a name and a user tag of this text.
    pub(crate) fn mark(&mut self, image: &str, mark: &str) -> Result<()> {
        let body = json!({"updateImage": {"name": mark}});
        self.call("PUT", &format!("/zstack/v1/images/{image}/actions"), &body)?;
        let body = json!({"params": {"resourceType": "ImageVO", "resourceUuid": image, "tag": mark}});
        self.call("POST", "/zstack/v1/user-tags", &body)?;
        Ok(())
    }

    /// How many images meet a condition.
    pub(crate) fn images(&mut self, condition: &str) -> Result<usize> {
        let path = format!("/zstack/v1/images?q={condition}");
        let request = self.connection.encode("GET", &path, Some(&self.session), "");
        let (status, reply) = self.exchange(&request)?;
        let rows = reply.pointer("/inventories").and_then(Value::as_array);
        rows.map(Vec::len).with_context(|| format!("{path} answered {status}: {reply}"))
    }

    /// Exports an image and gives the path of its link.
    pub(crate) fn export(&mut self, image: &str, format: &str) -> Result<String> {
        let body = json!({"exportImageFromBackupStorage": {"imageUuid": image, "exportFormat": format}});
        let path = format!("/zstack/v1/backup-storage/{}/actions", self.backup_storage);
        let reply = self.call("PUT", &path, &body)?;
        path_of(&text(&reply, "/imageUrl")?)
    }

    /// Downloads a path and throws it away; gives its length.
    pub(crate) fn discard(&mut self, path: &str) -> Result<u64> {
        let request = self.connection.encode("GET", path, None, "");
        self.connection.discard(&request)
    }

    /// One call, its job waited for.
    fn call(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let session = (!self.session.is_empty()).then_some(self.session.as_str());
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = self.connection.encode(method, path, session, &body);
        let begin = Instant::now();
        let (mut status, mut reply) = self.exchange(&request)?;
        if status == 202 {
            let location = path_of(&text(&reply, "/location")?)?;
            let poll = self.connection.encode("GET", &location, None, "");
            while status == 202 {
                if begin.elapsed() > JOB_LIMIT {
                    bail!("{method} {path} still runs");
                }
                std::thread::sleep(POLL_INTERVAL);
                (status, reply) = self.exchange(&poll)?;
            }
        }
        if status != 200 {
            bail!("{method} {path} answered {status}: {reply}");
        }
        Ok(reply)
    }

    fn exchange(&mut self, request: &[u8]) -> Result<(u16, Value)> {
        let answer = self.connection.send(request)?;
        let body = String::from_utf8_lossy(answer.body).into_owned();
        Ok((answer.status, serde_json::from_str(&body).unwrap_or(Value::String(body))))
    }
}

/// The path of an absolute URL.
fn path_of(url: &str) -> Result<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').map(|(_, path)| format!("/{path}")).with_context(|| format!("no path in {url}"))
}

/// The text at a place in a reply.
fn text(reply: &Value, pointer: &str) -> Result<String> {
    let found = reply.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("no {pointer} in {reply}"))
}
