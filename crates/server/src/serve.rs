//! Connections: taking them, limiting them and ending them.

use crate::backend::Backend;
use crate::front::Front;
use crate::local_api::LocalApi;
use crate::site::Site;
use crate::stall_guard::StallGuard;
use crate::tls::Tls;
use crate::trusted_proxies::{Arrival, Scheme, TrustedProxy};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use imprint_api::ReplyZone;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;

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
    /// Whether web hooks may be called at private addresses.
    pub allow_private_web_hooks: bool,
    /// Whose word on the client's address and scheme is believed.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// The zone of the clock that dates of signed requests are compared with.
    pub zone: ReplyZone,
}

/// Where connections come from.
#[derive(Debug)]
pub struct Endpoint {
    /// What takes them.
    pub listener: TcpListener,
    /// What they are met with; `None`: plain HTTP.
    pub tls: Option<Arc<Tls>>,
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

/// Serves the API, and a site beside it, until `shutdown` ends; then idle connections are closed at once and what runs gets a few seconds to its end.
///
/// # Errors
/// When it cannot begin; a connection that fails is logged and ends alone.
pub async fn serve<B: Backend>(
    api: Arc<LocalApi<B>>,
    site: Option<Arc<dyn Site>>,
    endpoint: Endpoint,
    shutdown: impl Future<Output = ()>,
    config: HttpConfig,
) -> Result<(), ServeError> {
    let places = Arc::new(Semaphore::new(config.max_connections));
    let first_head_timeout = config.first_head_timeout;
    let front = Arc::new(Front::new(api, site, config).map_err(ServeError::WebHooks)?);
    let graceful = GracefulShutdown::new();
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&endpoint.listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let connection = Connection {
                    front: front.clone(),
                    watcher: graceful.watcher(),
                    deadline: Instant::now() + first_head_timeout,
                    peer,
                };
                let (tls, stopped) = (endpoint.tls.as_ref().map(|tls| tls.current()), stopped.clone());
                connections.spawn(async move {
                    connection.run(stream, tls, stopped).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(endpoint);
    drop(stopping);
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
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    // Beyond the limit connections wait in the system's queue.
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

/// A connection that was taken.
struct Connection<B> {
    front: Arc<Front<B>>,
    watcher: Watcher,
    /// When the head of its first request must have arrived.
    deadline: Instant,
    peer: SocketAddr,
}

impl<B: Backend> Connection<B> {
    /// Serves it to its end.
    async fn run(self, stream: TcpStream, tls: Option<Arc<rustls::ServerConfig>>, mut stopped: watch::Receiver<()>) {
        let Ok(local) = stream.local_addr() else { return };
        let arrival = |scheme| Arrival { local, peer: self.peer.ip(), scheme };
        let Some(tls) = tls else {
            let arrival = arrival(Scheme::Http);
            return self.serve(StallGuard::new(stream, STALL_TIMEOUT), arrival).await;
        };
        let shaken = tokio::select! {
            biased;
            // What has not begun to speak is not waited for.
            _ = stopped.changed() => return,
            shaken = timeout_at(self.deadline, shake_hands(stream, tls)) => shaken,
        };
        match shaken {
            Ok(Ok(stream)) => {
                let arrival = arrival(Scheme::Https);
                self.serve(stream, arrival).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, peer = %self.peer, "a TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %self.peer, "a TLS handshake did not end in time"),
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static, arrival: Arrival) {
        let Self { front, watcher, deadline, .. } = self;
        let first_head = Notify::new();
        let service = service_fn(|request| {
            first_head.notify_one();
            let front = front.clone();
            async move { Ok::<_, Infallible>(front.answer(request, arrival).await) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_header_size(MAX_HEADER);
        // Who has sent everything may say so, and is answered all the same.
        http.max_buf_size(MAX_WRITE).half_close(true);
        let mut served = pin!(watcher.watch(http.serve_connection(TokioIo::new(stream), service)));
        let served = tokio::select! {
            biased;
            served = &mut served => served,
            () = first_head.notified() => served.await,
            // Connections that nobody uses must not take the places of others for long.
            () = tokio::time::sleep_until(deadline) => {
                tracing::debug!("a new connection sent no request in time");
                return;
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection failed");
        }
    }
}

/// The first byte of a TLS connection: a handshake record.
const HANDSHAKE: u8 = 0x16;

/// What is told to clients that speak plain HTTP where TLS is spoken.
const SPEAK_TLS: &str = "this port speaks TLS: call it with an https URL";

async fn shake_hands(
    stream: TcpStream,
    tls: Arc<rustls::ServerConfig>,
) -> io::Result<tokio_rustls::server::TlsStream<StallGuard<TcpStream>>> {
    let mut first = [0];
    let len = stream.peek(&mut first).await?;
    let mut stream = StallGuard::new(stream, STALL_TIMEOUT);
    if len == 1 && first[0] != HANDSHAKE {
        let answer = format!(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n{SPEAK_TLS}",
            SPEAK_TLS.len()
        );
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the client does not speak TLS"));
    }
    TlsAcceptor::from(tls).accept(stream).await
}
