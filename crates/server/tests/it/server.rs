//! A server that runs as long as a test.

use crate::backend::{ADMIN, TestBackend};
use imprint_server::{Endpoint, HttpConfig, LocalApi, serve};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server on a free port.
pub(crate) struct TestServer {
    pub(crate) backend: Arc<TestBackend>,
    pub(crate) address: SocketAddr,
    client: reqwest::Client,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

/// Calls that may run at once.
pub(crate) const MAX_CALLS: usize = 8;

/// The settings of tests: a wait so short that a gated call becomes a job at once.
pub(crate) fn config() -> HttpConfig {
    HttpConfig {
        public_url: None,
        sync_wait: Duration::from_millis(50),
        max_connections: 64,
        first_head_timeout: Duration::from_secs(10),
        allow_private_web_hooks: true,
        trusted_proxies: Vec::new(),
        zone: imprint_api::ReplyZone::default(),
    }
}

impl TestServer {
    pub(crate) async fn start(backend: TestBackend) -> Self {
        Self::start_with(backend, config()).await
    }

    pub(crate) async fn start_with(backend: TestBackend, config: HttpConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let backend = Arc::new(backend);
        let api = LocalApi::new(backend.clone(), MAX_CALLS);
        let served = tokio::spawn(async move {
            let shutdown = async {
                // A test that ends without stopping drops its end.
                let _ = stopped.await;
            };
            serve(api, None, Endpoint { listener, tls: None }, shutdown, config).await.unwrap();
        });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { backend, address, client, stop, served }
    }

    /// Tells the server to stop; the result ends when it has.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.served
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/zstack{path}", self.address)
    }

    /// A request without credentials.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A request of the administrator.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header("Authorization", format!("OAuth {ADMIN}"))
    }
}

/// The status and the JSON of an answer.
pub(crate) async fn json(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let kind = response.headers()["content-type"].clone();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert_eq!(kind, "application/json;charset=UTF-8", "{status} {text}");
    (status, serde_json::from_str(&text).unwrap())
}

/// The status and the text of an answer.
pub(crate) async fn text(request: RequestBuilder) -> (u16, String) {
    let response: Response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain;charset=UTF-8");
    (response.status().as_u16(), response.text().await.unwrap())
}
