//! `cargo xtask test`: all tests, after what they need.

use anyhow::Result;

use crate::browser;
use crate::command::{cargo, run};
use crate::needs::{Need, install_missing};

pub(crate) fn test(arguments: &[String]) -> Result<()> {
    install_missing(&[Need::QemuUtils, Need::PostgreSql])?;
    run(cargo(&["test", "--workspace"]).args(arguments))?;
    // What is asked for by name is not there.
    if arguments.is_empty() { browser::test_built(&[]) } else { Ok(()) }
}
