//! The server that is measured.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::report::{Bar, Report, Row};
use super::setting::Setting;
use crate::command::{root, run_quietly};

/// The administrator's password; the server listens on the loopback for as long as the bench runs.
pub(crate) const PASSWORD: &str = "bench";
/// How long the server may take to begin.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running `imprint serve`, ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the released binary on a folder and waits until it listens.
    pub(crate) fn start(dir: &Path) -> Result<Self> {
        Self::start_with(dir, &[])
    }

    /// The same, with further arguments.
    pub(crate) fn start_with(dir: &Path, arguments: &[&str]) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let log = File::create(dir.join("server.log")).context("make the server's log")?;
        let mut command = Command::new(root().join("target/release/imprint"));
        command.arg("serve").arg("--data").arg(dir.join("data")).args(["--listen", &address.to_string()]);
        command.args(arguments);
        command.env("IMPRINT_ADMIN_PASSWORD", PASSWORD).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("start the server")?;
        let mut server = Self { child, address };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                let log = fs::read_to_string(dir.join("server.log")).unwrap_or_default();
                bail!("the server ended at once, {status}: {log}");
            }
            if begin.elapsed() > START_LIMIT {
                bail!("the server does not listen on {address}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// The most memory that it has had resident, in KiB.
    pub(crate) fn peak_memory_kib(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        line.trim().trim_end_matches(" kB").parse().with_context(|| format!("VmHWM {line}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM first, so that a bench leaves no half-written store behind; it is removed anyway.
        let asked = run_quietly(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
        if asked.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// The server's memory after all that ran before.
pub(crate) fn memory(setting: &mut Setting, report: &mut Report) -> Result<()> {
    let kib = setting.server.peak_memory_kib()?;
    let mib = u32::try_from(kib / 1024).context("more memory than there is")?;
    report.add(Row {
        measure: "server's VmHWM after all of it, MiB".to_owned(),
        ours: mib.to_string(),
        other: String::new(),
        ratio: f64::from(mib),
        bar: Bar::AtMost(300.0),
    });
    Ok(())
}
