//! `cargo xtask check`: what can be said of the code without running it.

use anyhow::Result;

use crate::command::{cargo, is_installed, run};

pub(crate) fn check() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--", "--check"]))?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    run(cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    if is_installed("cargo-deny") {
        run(&mut cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    } else {
        println!("cargo-deny is not installed: licences and sources of the dependencies were not checked");
    }
    Ok(())
}
