//! `imprint serve`: the server.

use anyhow::{Context, Result};
use clap::Args;
use imprint_console::Console;
use imprint_server::{Deletion, Endpoint, LocalApi, LogFormat, ServerConfig, SettingInForce, Tls};
use imprint_service::{DeletionPolicy, DeletionSettings, Service, Settings, SystemClock};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Run the server.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) config: ServerConfig,
    /// The same for people.
    #[arg(skip)]
    pub(crate) in_force: Vec<SettingInForce>,
}

/// What a service is started with, as the configuration says it.
pub(crate) fn settings(config: &ServerConfig) -> Settings {
    Settings {
        data: config.data.clone(),
        database: config.database.clone(),
        allow_dirs: config.allow_dir.clone(),
        zone: config.time_zone.clone(),
        export_lifetime: config.export_lifetime,
        memory_budget: usize::try_from(config.memory_budget.0).unwrap_or(usize::MAX),
        max_image_size: config.max_image_size.0,
        allow_private_image_urls: config.allow_private_image_urls,
        automatic_digests: config.digests == imprint_server::Digests::Auto,
        deletion: DeletionSettings {
            images: policy(config.image_deletion_policy),
            volumes: policy(config.volume_deletion_policy),
            expunge_after: config.expunge_period,
        },
        admin_password: std::env::var("IMPRINT_ADMIN_PASSWORD").ok().filter(|password| !password.is_empty()),
    }
}

fn policy(deletion: Deletion) -> DeletionPolicy {
    match deletion {
        Deletion::Delay => DeletionPolicy::Delay,
        Deletion::Direct => DeletionPolicy::Direct,
        Deletion::Never => DeletionPolicy::Never,
    }
}

/// Logs to standard error.
pub(crate) fn start_log(config: &ServerConfig) -> Result<()> {
    let filter = EnvFilter::try_new(&config.log_level).context("the log level")?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn run(args: ServeArgs) -> Result<()> {
    let config = args.config;
    start_log(&config)?;
    config.check_exposure()?;
    let tls = config.tls()?.map(Arc::new);
    let service = Service::start(settings(&config), Arc::new(SystemClock)).await?;
    // Only now: whoever can connect is served.
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    announce(address, tls.is_some());
    if let Some(tls) = &tls {
        reload_on_hangup(tls.clone())?;
    }
    tracing::info!(%address, data = %config.data.display(), version = env!("CARGO_PKG_VERSION"), "serving");
    let api = LocalApi::new(service.clone(), config.max_calls);
    let console = Console::new(api.clone(), args.in_force, config.max_connections);
    let shutdown = stop_signal(service, console.clone())?;
    imprint_server::serve(api, Some(console), Endpoint { listener, tls }, shutdown, config.http()).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Tells scripts and tests where the server listens; the log may go elsewhere.
#[expect(clippy::print_stdout, reason = "standard output is this program's answer")]
fn announce(address: std::net::SocketAddr, tls: bool) {
    let scheme = if tls { "https" } else { "http" };
    println!("listening on {scheme}://{address}");
}

/// Reads the certificate and its key again whenever the process gets a SIGHUP.
fn reload_on_hangup(tls: Arc<Tls>) -> Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            // Files are read: not on a thread that connections need.
            let tls = tls.clone();
            match tokio::task::spawn_blocking(move || tls.reload()).await {
                Ok(Ok(())) => tracing::info!("new connections are met with the certificate read just now"),
                Ok(Err(error)) => {
                    let reason = format!("{:#}", anyhow::Error::new(error));
                    tracing::error!(reason, "the new certificate cannot be used; the old one stays in use");
                }
                Err(error) => tracing::error!(%error, "the certificate was not read; the old one stays in use"),
            }
        }
    });
    Ok(())
}

/// Ends when the process is asked to; running backups are then taken back.
fn stop_signal(service: Arc<Service>, console: Arc<Console>) -> Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop: no new connection is taken, what runs is finished");
        service.stop();
        console.stop();
    })
}
