//! `imprint admin`: mending the server's data while it does not run.

use crate::serve::{settings, start_log};
use anyhow::Result;
use clap::Subcommand;
use imprint_server::ServerConfig;
use imprint_service::{Service, SystemClock};
use std::sync::Arc;

/// What can be mended.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Give the account `admin` a new password: the one in IMPRINT_ADMIN_PASSWORD, else a random one, which is written to
    /// `admin-password` in the data directory. Its sessions end.
    ResetPassword {
        #[command(flatten)]
        config: Box<ServerConfig>,
    },
}

/// Mends it.
#[expect(clippy::print_stdout, reason = "standard output is this program's answer")]
pub(crate) async fn run(command: AdminCommand) -> Result<()> {
    let AdminCommand::ResetPassword { config } = command;
    start_log(&config)?;
    match Service::reset_admin_password(settings(&config), Arc::new(SystemClock)).await? {
        Some(file) => println!("the new password of 'admin' is in {}", file.display()),
        None => println!("'admin' has the password that was given"),
    }
    Ok(())
}
