//! Calling operations by their names: for work that consists of other calls.

use crate::{Caller, Context, ServiceError};
use imprint_api::{ErrorCode, OperationDescription};
use imprint_domain::JobUuid;
use serde_json::{Map, Value};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// How a call of an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Performed {
    /// Whether it did what it was to do.
    pub succeeded: bool,
    /// The body: the reply, or `{"error": …}`.
    pub body: Value,
}

/// A future of something.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A place among the calls that may run at once; it is free again when this is dropped, and a server that stops waits for
/// that.
#[derive(Debug)]
pub struct Place(pub OwnedSemaphorePermit);

/// Whoever can call every operation. The front is: it knows how parameters are checked and errors are told.
pub trait Dispatch: Send + Sync {
    /// Checks a call as that of a client is: types, rules, existence, permission. Answers the parameters as they are used.
    fn check(
        &self,
        operation: &'static OperationDescription,
        parameters: Map<String, Value>,
        caller: Caller,
    ) -> BoxFuture<Result<Map<String, Value>, ServiceError>>;

    /// A place for a call that runs on after the one that begins it.
    ///
    /// # Errors
    /// `TooManyCalls` when as many run as may.
    fn place(&self) -> Result<Place, ServiceError>;

    /// Performs a call that was checked.
    fn perform(
        self: Arc<Self>,
        operation: &'static OperationDescription,
        parameters: Map<String, Value>,
        context: Context,
    ) -> BoxFuture<Performed>;

    /// An error of one part of a job's work, as clients see it.
    fn error_code(&self, error: &ServiceError, job: JobUuid) -> ErrorCode;
}

/// A shared [`Dispatch`].
#[derive(Clone)]
pub struct Dispatcher(pub Arc<dyn Dispatch>);

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dispatcher")
    }
}
