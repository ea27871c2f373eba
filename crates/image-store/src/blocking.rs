//! The one place where blocking and async meet, a whole read or segment at a time.
//!
//! Reading and writing block: hashing and compression want threads of their own. The objects are async. A blocking
//! function of this crate must be called from a thread that runs no async code: one of one's own, or `spawn_blocking`.

use std::future::Future;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Runs blocking code on async code and the other way round.
#[derive(Clone, Debug)]
pub(crate) struct Border {
    handle: Handle,
    decoders: Arc<Semaphore>,
}

impl Border {
    /// A border to the runtime that the caller runs in.
    pub(crate) fn of_current_runtime() -> Self {
        // Decoding is CPU-bound: a thread more than there are cores keeps them busy while one waits for a read. The
        // limit also keeps readers from taking all of the runtime's blocking threads, on which their own reads wait.
        Self { handle: Handle::current(), decoders: Arc::new(Semaphore::new(cores() + 1)) }
    }

    /// Waits for async work.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.handle.block_on(work)
    }

    /// Starts async work that somebody will wait for.
    pub(crate) fn start<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.handle.spawn(work)
    }

    /// Runs blocking work that decodes blocks, when a core is free for it. `None` if it panicked.
    pub(crate) async fn decode<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let permit = Arc::clone(&self.decoders).acquire_owned().await.ok()?;
        let work = move || {
            let result = work();
            drop(permit);
            result
        };
        self.handle.spawn_blocking(work).await.ok()
    }
}

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
