//! `cargo xtask console` and `cargo xtask screenshots`: the console in a real browser. What drives it is a workspace of its own,
//! `browser/`, because it brings many crates with it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::command::{cargo, root, run};
use crate::needs::{Need, install_missing};

/// What looks for pages that some people cannot use. It is fetched, and never committed.
const AXE: &str = "axe-core@4.14.1";

/// The SHA-256 of the script in it that runs in pages.
const AXE_DIGEST: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// Builds the server, and runs the browser's tests on it.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    run(&mut cargo(&["build", "--package", "imprint"]))?;
    test_built(arguments)
}

/// Runs the browser's tests on the server that the tests of the workspace have built: by itself it would be built once more,
/// because it has other features there.
pub(crate) fn test_built(arguments: &[String]) -> Result<()> {
    install_missing(&[Need::QemuUtils, Need::Browser])?;
    fetch_axe()?;
    run(ours("test").args(arguments))
}

/// Takes the pictures of `docs/screenshots`.
pub(crate) fn screenshots() -> Result<()> {
    install_missing(&[Need::QemuUtils, Need::Browser])?;
    run(&mut cargo(&["build", "--package", "imprint"]))?;
    run(ours("run").args(["--bin", "screenshots", "--"]).arg(root().join("docs/screenshots")))
}

/// What can be said of it without running it.
pub(crate) fn check() -> Result<()> {
    run(&mut cargo(&["fmt", "--manifest-path", "browser/Cargo.toml", "--", "--check"]))?;
    run(ours("clippy").args(["--all-targets", "--", "-D", "warnings"]))
}

/// A command of cargo in the browser's workspace, which is built beside ours.
fn ours(command: &str) -> Command {
    cargo(&[command, "--manifest-path", "browser/Cargo.toml", "--target-dir", "target/browser"])
}

fn fetch_axe() -> Result<()> {
    let folder = root().join("target/axe");
    let script = folder.join("node_modules/axe-core/axe.min.js");
    if is_as_expected(&script) {
        return Ok(());
    }
    install_missing(&[Need::Npm])?;
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let mut npm = Command::new("npm");
    npm.arg("install").arg("--prefix").arg(&folder);
    run(npm.args(["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", AXE]))?;
    if !is_as_expected(&script) {
        bail!("{} is not what {AXE} holds", script.display());
    }
    Ok(())
}

fn is_as_expected(script: &Path) -> bool {
    std::fs::read(script).is_ok_and(|bytes| {
        let digest = Sha256::digest(&bytes);
        digest.iter().zip(AXE_DIGEST.as_bytes().chunks(2)).all(|(byte, hex)| format!("{byte:02x}").as_bytes() == hex)
    })
}
