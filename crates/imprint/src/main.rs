//! The `imprint` command: the server, and what is done beside it.

mod admin;
mod demo;
mod serve;
mod units;

/// Blocks are allocated on one thread and freed on another, which leaves holes in the arena of every thread of the system's
/// allocator: a server that has taken a hundred backups would hold twice what one uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use anyhow::Result;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use imprint_server::ConfigFileError;

/// Volume backups and image templates in constant time, over the ZStack API.
#[derive(Debug, Parser)]
#[command(name = "imprint", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(Box<serve::ServeArgs>),
    /// Show the main job from end to end on a made disk, or on a copy of one of yours.
    Demo(demo::DemoArgs),
    /// Mend the server's data while it does not run.
    #[command(subcommand)]
    Admin(admin::AdminCommand),
}

/// The command line, with the settings in the file that `--config` names.
fn command_line() -> Result<Cli> {
    let matches = match imprint_server::matches_with_file(Cli::command(), "serve", std::env::args_os()) {
        Ok(matches) => matches,
        // Prints help, or what is wrong, and ends the process as command lines do.
        Err(ConfigFileError::Arguments(error)) => error.exit(),
        Err(error) => return Err(error.into()),
    };
    let mut cli = Cli::from_arg_matches(&matches)?;
    if let (Command::Serve(args), Some(matches)) = (&mut cli.command, matches.subcommand_matches("serve")) {
        args.in_force = imprint_server::settings_in_force(matches);
    }
    Ok(cli)
}

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("imprint: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    // Whatever the server makes is for its user alone.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    let cli = command_line()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve::run(*args).await,
            Command::Demo(args) => demo::run(args).await,
            Command::Admin(command) => admin::run(command).await,
        }
    });
    // Work that a shutdown gave up on must not hold the process back.
    runtime.shutdown_background();
    result
}
