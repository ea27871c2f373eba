//! `cargo xtask check`: what can be said of the code without running it.

use anyhow::Result;

use crate::browser;
use crate::command::{cargo, is_installed, run};

pub(crate) fn check() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--", "--check"]))?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    run(cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    check_fuzz_targets()?;
    browser::check()?;
    if is_installed("cargo-deny") {
        run(&mut cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    } else {
        println!("cargo-deny is not installed: licences and sources of the dependencies were not checked");
    }
    Ok(())
}

/// The fuzz targets are a workspace of their own, so that nothing above sees them.
fn check_fuzz_targets() -> Result<()> {
    const MANIFEST: &[&str] = &["--manifest-path", "fuzz/Cargo.toml"];
    run(&mut cargo(&[&["fmt"], MANIFEST, &["--", "--check"]].concat()))?;
    if is_installed("c++") {
        run(&mut cargo(&[&["clippy"], MANIFEST, &["--", "-D", "warnings"]].concat()))?;
    } else {
        println!("there is no C++ compiler, which libFuzzer needs: the fuzz targets were not checked");
    }
    Ok(())
}
