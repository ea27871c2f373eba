//! `cargo xtask conformance [SECONDS]`: the API against its own description, by independent tools: the OpenAPI document is
//! valid, and what generated requests are answered is what it says. The tools come from PyPI into `target/conformance`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use crate::command::{cargo, root, run, run_quietly};

/// How long requests are generated unless it is said.
const SECONDS: u64 = 600;

const PASSWORD: &str = "conformance";

/// What is checked of every answer: that it is described, and our own checks. 503 is how the API tells errors, so that the
/// tool's own check for server errors would find nothing but those.
const CHECKS: &str = "status_code_conformance,content_type_conformance,response_schema_conformance,\
                      never_our_own_fault,one_error_and_nothing_else";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn conformance(arguments: &[String]) -> Result<()> {
    let seconds = match arguments {
        [] => SECONDS,
        [seconds] => seconds.parse().context("SECONDS must be a number")?,
        _ => bail!("usage: cargo xtask conformance [SECONDS]"),
    };
    let dir = root().join("target/conformance");
    fs::create_dir_all(&dir)?;
    let bin = dir.join("venv/bin");
    if !bin.join("schemathesis").is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(dir.join("venv")))?;
        run(Command::new(bin.join("pip")).args(["-q", "install", "openapi-spec-validator", "schemathesis>=4,<5"]))?;
    }
    let document = root().join("openapi/v1.json");
    run(Command::new(bin.join("openapi-spec-validator")).arg(&document))?;
    run(&mut cargo(&["build", "--package", "imprint"]))?;
    let (server, base) = start(&dir)?;
    let session = log_in(&base)?;
    let mut test = Command::new(bin.join("schemathesis"));
    // What the tool keeps for itself lies beside its reports.
    test.current_dir(&dir).env("PYTHONPATH", root().join("xtask/conformance")).env("PYTHONDONTWRITEBYTECODE", "1");
    test.env("SCHEMATHESIS_HOOKS", "checks").arg("run").arg(&document);
    test.args(["--url", &format!("{base}/zstack/v1"), "-H", &format!("Authorization: OAuth {session}")]);
    test.args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all"]);
    test.args(["--max-time", &seconds.to_string(), "--continue-on-failure", "--no-color"]);
    test.arg("--report-dir").arg(dir.join("reports"));
    let done = run(&mut test);
    drop(server);
    done
}

/// Starts a server with a data directory of its own.
fn start(dir: &Path) -> Result<(Server, String)> {
    let data = dir.join("data");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    let mut command = Command::new(root().join("target/debug/imprint"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "error", "--data"]).arg(&data);
    command.env("IMPRINT_ADMIN_PASSWORD", PASSWORD).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().context("start the server")?;
    let output = child.stdout.take().context("the server's output")?;
    let server = Server(child);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let base = line.trim().strip_prefix("listening on ").context("the server did not start")?.to_owned();
    Ok((server, base))
}

fn log_in(base: &str) -> Result<String> {
    let digest = Sha512::digest(PASSWORD).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let body = json!({"logInByAccount": {"accountName": "admin", "password": digest}}).to_string();
    let url = format!("{base}/zstack/v1/accounts/login");
    let reply = run_quietly(Command::new("curl").args(["-sS", "-X", "PUT", &url, "-d", &body]))?;
    let reply: Value = serde_json::from_str(&reply).context("read the log-in's reply")?;
    let uuid = reply.pointer("/inventory/uuid").and_then(Value::as_str);
    uuid.map(str::to_owned).with_context(|| format!("no session in {reply}"))
}
