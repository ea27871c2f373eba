//! The one place where blocking and async meet, a whole read or segment at a time.
//!
//! Reading and writing block: hashing and compression want threads of their own. The objects are async. A blocking
//! function of this crate must be called from a thread that runs no async code: one of one's own, or `spawn_blocking`.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

/// Runs blocking code on async code and the other way round.
#[derive(Clone, Debug)]
pub(crate) struct Border {
    handle: Handle,
    decoders: Arc<Semaphore>,
    ahead: Arc<AtomicUsize>,
}

/// How far a stream decodes ahead of whoever takes its pieces; given back when dropped.
#[derive(Debug)]
pub(crate) struct Lookahead {
    pieces: usize,
    all: Arc<AtomicUsize>,
}

/// Pieces that all streams together hold decoded, unless there are so many streams that each has its least.
const ALL_AHEAD: usize = 64;

/// Pieces that a stream holds at least: one that is taken and one that is decoded.
const LEAST_AHEAD: usize = 2;

/// Pieces that one stream holds at most. More than there are cores, so that decoding goes on while zeros are sent.
const MOST_AHEAD: usize = 16;

impl Border {
    /// A border to the runtime that the caller runs in.
    pub(crate) fn of_current_runtime() -> Self {
        // Decoding is CPU-bound: a thread more than there are cores keeps them busy while one waits for a read. The
        // limit also keeps readers from taking all of the runtime's blocking threads, on which their own reads wait.
        Self { handle: Handle::current(), decoders: Arc::new(Semaphore::new(cores() + 1)), ahead: Arc::default() }
    }

    /// Waits for async work.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.handle.block_on(work)
    }

    /// Where async work runs.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.handle
    }

    /// Starts async work that somebody will wait for.
    pub(crate) fn start<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.handle.spawn(work)
    }

    /// For a new stream: a share of what may be decoded ahead, never less than keeps the stream going.
    pub(crate) fn look_ahead(&self) -> Lookahead {
        let all = Arc::clone(&self.ahead);
        let left = ALL_AHEAD.saturating_sub(all.load(Ordering::Relaxed));
        let pieces = left.clamp(LEAST_AHEAD, MOST_AHEAD);
        all.fetch_add(pieces, Ordering::Relaxed);
        Lookahead { pieces, all }
    }

    /// Runs blocking work that decodes blocks, when a core is free for it. `None` if it panicked. Dropping it gives up work
    /// that has not begun.
    ///
    /// It waits for its turn in a task of its own: a client that stops reading stops polling, and a future that is not
    /// polled would keep the turn that it was given from everybody else.
    pub(crate) async fn decode<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (decoders, handle) = (Arc::clone(&self.decoders), self.handle.clone());
        let mut task = JoinSet::new();
        let turn = async move {
            let permit = decoders.acquire_owned().await.ok()?;
            let work = move || {
                let result = work();
                drop(permit);
                result
            };
            handle.spawn_blocking(work).await.ok()
        };
        task.spawn_on(turn, &self.handle);
        task.join_next().await?.ok()?
    }
}

impl Lookahead {
    /// Pieces to decode at once.
    pub(crate) fn pieces(&self) -> usize {
        self.pieces
    }
}

impl Drop for Lookahead {
    fn drop(&mut self) {
        self.all.fetch_sub(self.pieces, Ordering::Relaxed);
    }
}

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
