//! Connections: taking them, limiting them and ending them.

use crate::backend::Backend;
use crate::front::Front;
use crate::stall_guard::StallGuard;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

/// How requests are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpConfig {
    /// What absolute URLs begin with; otherwise the name that the client called is used.
    pub public_url: Option<String>,
    /// How long a client waits for a call before it is told where to poll.
    pub sync_wait: Duration,
    /// Connections at once.
    pub max_connections: usize,
    /// How long a new connection may take until the head of its first request has arrived.
    pub first_head_timeout: Duration,
    /// Calls at once, those included whose clients have gone or poll.
    pub max_calls: usize,
    /// Whether web hooks may be called at private addresses.
    pub allow_private_web_hooks: bool,
}

/// Why no request could be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The client that calls web hooks could not be made.
    #[error("make the client for web hooks")]
    WebHooks(#[source] reqwest::Error),
}

/// Header bytes of a request at most, the URL included.
const MAX_HEADER: usize = 32 << 10;

/// Bytes of an answer that are given to the system at once, because a call costs as much as copying some hundred KiB does;
/// and most bytes of a request's body that wait to be taken.
const MAX_WRITE: usize = 1 << 20;

/// How long a connection that has been used may be idle, or take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a client may take nothing of an answer.
const STALL_TIMEOUT: Duration = Duration::from_mins(1);

/// How long what runs at the end may go on.
const GRACE: Duration = Duration::from_secs(8);

/// After the system refused a connection for lack of means.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` ends; then idle connections are closed at once and what runs gets a few seconds to its end.
///
/// # Errors
/// When it cannot begin; a connection that fails is logged and ends alone.
pub async fn serve<B: Backend>(
    service: Arc<B>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    config: HttpConfig,
) -> Result<(), ServeError> {
    let places = Arc::new(Semaphore::new(config.max_connections));
    let first_head_timeout = config.first_head_timeout;
    let front = Arc::new(Front::new(service, config).map_err(ServeError::WebHooks)?);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                let (front, watcher) = (front.clone(), graceful.watcher());
                connections.spawn(async move {
                    connection(front, stream, watcher, first_head_timeout).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let ended = async {
        graceful.shutdown().await;
        front.ended().await;
    };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("some calls did not end in time and are given up");
    }
    connections.shutdown().await;
    front.stop().await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    // Beyond the limit connections wait in the system's queue.
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

async fn connection<B: Backend>(
    front: Arc<Front<B>>,
    stream: TcpStream,
    watcher: Watcher,
    first_head_timeout: Duration,
) {
    let Ok(local) = stream.local_addr() else { return };
    let first_head = Notify::new();
    let service = service_fn(|request| {
        first_head.notify_one();
        let front = front.clone();
        async move { Ok::<_, Infallible>(front.answer(request, local).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_header_size(MAX_HEADER);
    http.max_buf_size(MAX_WRITE);
    let io = TokioIo::new(StallGuard::new(stream, STALL_TIMEOUT));
    let mut served = pin!(watcher.watch(http.serve_connection(io, service)));
    let served = tokio::select! {
        biased;
        served = &mut served => served,
        () = first_head.notified() => served.await,
        // Connections that nobody uses must not take the places of others for long.
        () = tokio::time::sleep(first_head_timeout) => {
            tracing::debug!("a new connection sent no request in time");
            return;
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection failed");
    }
}
