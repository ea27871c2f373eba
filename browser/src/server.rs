//! A real server with a data directory of its own; gone when dropped.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The administrator's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// A running `imprint serve`.
#[derive(Debug)]
pub struct Server {
    child: Child,
    base: String,
    data: TempDir,
}

impl Server {
    /// Starts the binary that was built last: `target/debug/imprint`, unless `IMPRINT_BINARY` names another one.
    pub fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary folder"))
    }

    /// The same with this data directory.
    pub fn start_in(data: TempDir) -> Self {
        std::fs::create_dir(data.path().join("volumes")).expect("a folder for volumes");
        let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/imprint");
        let binary = std::env::var_os("IMPRINT_BINARY").map_or_else(built, PathBuf::from);
        let mut command = Command::new(&binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--data"]).arg(data.path());
        command.env("IMPRINT_ADMIN_PASSWORD", PASSWORD).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("{} does not start ({error}): `cargo xtask test` builds it", binary.display())
        });
        let mut line = String::new();
        let output = child.stdout.take().expect("standard output is piped");
        BufReader::new(output).read_line(&mut line).expect("the server says where it listens");
        let base = line.trim().strip_prefix("listening on ").unwrap_or_default().to_owned();
        let server = Self { child, base, data };
        assert!(!server.base.is_empty(), "the server did not start");
        server
    }

    /// What its URLs begin with.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A file in the directory of its default primary storage.
    pub fn volume(&self, name: &str) -> PathBuf {
        self.data.path().join("volumes").join(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
