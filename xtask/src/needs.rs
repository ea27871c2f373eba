//! Programs that tests and benches run, and how they come onto the machine.

use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{is_installed, run, run_quietly};

/// A part that must be on the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// qemu-img, qemu-io and qemu-nbd: what our qcow2 files are compared with.
    QemuUtils,
    /// The PostgreSQL server's programs; tests start a server of their own.
    PostgreSql,
    /// The backup programs that figures are compared with.
    BackupPeers,
    /// Chromium and what drives it.
    Browser,
    /// What fetches packages of JavaScript.
    Npm,
}

impl Need {
    /// The Debian packages that hold it.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::QemuUtils => &["qemu-utils"],
            Self::PostgreSql => &["postgresql"],
            Self::BackupPeers => &["borgbackup", "restic"],
            Self::Browser => &["chromium", "chromium-driver"],
            Self::Npm => &["npm"],
        }
    }

    fn is_there(self) -> bool {
        match self {
            Self::QemuUtils => ["qemu-img", "qemu-io", "qemu-nbd"].into_iter().all(is_installed),
            Self::PostgreSql => {
                let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
                let packaged = versions.into_iter().any(|version| version.path().join("bin/postgres").is_file());
                packaged || ["initdb", "pg_ctl", "postgres", "createdb"].into_iter().all(is_installed)
            }
            Self::BackupPeers => ["borg", "restic"].into_iter().all(is_installed),
            Self::Browser => ["chromium", "chromedriver"].into_iter().all(is_installed),
            Self::Npm => is_installed("npm"),
        }
    }
}

/// Installs what is missing with apt-get where that is permitted; else says what to install, and fails.
pub(crate) fn install_missing(needs: &[Need]) -> Result<()> {
    let missing: Vec<Need> = needs.iter().copied().filter(|need| !need.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages()).copied().collect();
    let advice = format!("missing on this machine; install it with: apt-get install {}", packages.join(" "));
    let Some((program, words)) = root_command() else { bail!(advice) };
    let command = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
        command
    };
    let install = [&["install", "-y", "--no-install-recommends"], packages.as_slice()].concat();
    if run(&mut command(&install)).is_err() {
        // Perhaps the package lists are old, or there are none.
        run(&mut command(&["update"]))?;
        run(&mut command(&install))?;
    }
    match missing.iter().find(|need| !need.is_there()) {
        Some(need) => bail!("{need:?}: still {advice}"),
        None => Ok(()),
    }
}

/// The words that run a command, with variables before it, as root; `None` where apt-get is missing or not permitted.
fn root_command() -> Option<(&'static str, &'static [&'static str])> {
    if !is_installed("apt-get") {
        return None;
    }
    let user = run_quietly(Command::new("id").arg("-u")).ok()?;
    if user.trim() == "0" {
        return Some(("env", &[]));
    }
    run_quietly(Command::new("sudo").args(["-n", "true"])).ok().map(|_| ("sudo", &["-n", "env"][..]))
}
