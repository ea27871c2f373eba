//! One call of an operation, from its parameters to its outcome, in the order that the protocol demands: the rules of the
//! parameters, the existence of what they name, the session, the permission, and then the operation itself.

use crate::backend::{Backend, PerformError, Performer, performers};
use crate::parameters::{check, references, typed};
use crate::{error_reply, reply};
use futures_util::FutureExt;
use imprint_api::{Access, ErrorCode, OperationDescription};
use imprint_domain::JobUuid;
use imprint_service::{
    BoxFuture, Caller, Context, Dispatch, Dispatcher, IdReference, Owner, Performed, Place, ServiceError, Work,
};
use serde_json::{Map, Value, json};
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Where a request came from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// Who calls.
    pub(crate) client: IpAddr,
    /// What absolute URLs begin with, so that the client can follow them.
    pub(crate) base_url: String,
}

/// A call whose request has been read.
#[derive(Debug)]
pub(crate) struct Call {
    /// What is called.
    pub(crate) operation: &'static OperationDescription,
    /// The parameters, each of its declared type.
    pub(crate) parameters: Map<String, Value>,
    /// Who calls, when that matters. Looked up before anything else is checked, told to the client after the rest: whether
    /// the session is valid decides where the call's job is noted.
    pub(crate) caller: Option<Result<Caller, ServiceError>>,
    /// Where it came from.
    pub(crate) origin: Origin,
    /// The call's id: the client's, or one that was made for it.
    pub(crate) job: String,
    /// How long it may take, and how far it has come.
    pub(crate) work: Work,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Whether it did what it was to do.
    pub(crate) succeeded: bool,
    /// The reply, or the error.
    pub(crate) body: Value,
    /// Whether the call was not even let in.
    pub(crate) refused: bool,
}

impl Outcome {
    /// It failed so.
    pub(crate) fn failed(code: &ErrorCode) -> Self {
        Self { succeeded: false, body: reply::error_body(code), refused: false }
    }

    /// The code of its error.
    fn code(&self) -> Option<&str> {
        self.body.pointer("/error/code").and_then(Value::as_str)
    }

    /// Whether the reference tells that the operation can end so.
    fn is_declared(&self, operation: &OperationDescription) -> bool {
        self.code().is_none_or(|code| operation.errors().iter().any(|kind| kind.code == code))
    }
}

/// Why a call ends before its operation is performed.
enum Early {
    Failed(ServiceError),
    /// What it was to delete is gone already.
    Gone,
}

impl From<ServiceError> for Early {
    fn from(error: ServiceError) -> Self {
        Self::Failed(error)
    }
}

/// Calls every operation: for requests, and for operations that consist of other calls.
pub(crate) struct Calls<B> {
    backend: Arc<B>,
    performers: Vec<Performer<B>>,
    /// A place for each call that may run at once.
    places: Arc<Semaphore>,
    most: usize,
}

impl<B> fmt::Debug for Calls<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}

impl<B: Backend> Calls<B> {
    /// Of which so many may run at once.
    pub(crate) fn new(backend: Arc<B>, most: usize) -> Arc<Self> {
        Arc::new(Self { backend, performers: performers(), places: Arc::new(Semaphore::new(most)), most })
    }

    /// Waits until no call runs any more.
    pub(crate) async fn ended(&self) {
        let all = u32::try_from(self.most).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let _all = self.places.acquire_many(all).await;
    }

    /// Performs a call. Never panics, whatever the operation does.
    pub(crate) async fn call(self: Arc<Self>, call: Call) -> Outcome {
        let (job, operation) = (call.job.clone(), call.operation);
        caught(self.attempt(call), operation, &job).await
    }

    /// The same for a program, which nobody may watch: that a call which takes long was let in and has failed is noted.
    pub(crate) async fn call_and_note(self: Arc<Self>, call: Call) -> Outcome {
        let (job, operation, backend) = (call.job.clone(), call.operation, self.backend.clone());
        let caller = call.caller.as_ref().and_then(|caller| caller.as_ref().ok()).copied();
        let outcome = self.call(call).await;
        if let Some(caller) = caller.filter(|_| operation.long_job && !outcome.succeeded && !outcome.refused) {
            backend.note_failed_call(&job, operation.name, caller, &outcome.body.to_string()).await;
        }
        outcome
    }

    async fn attempt(self: Arc<Self>, mut call: Call) -> Result<Value, PerformError> {
        let caller = match admit(self.backend.as_ref(), &mut call).await {
            Ok(caller) => caller,
            Err(Early::Gone) => {
                // What the call asks for is understood, or refused, whether there is something to be deleted or not.
                let parameters = Value::Object(call.parameters);
                return (call.operation.decode)(parameters).map(|()| json!({})).map_err(PerformError::UnknownValue);
            }
            Err(Early::Failed(error)) => return Err(PerformError::Refused(error)),
        };
        // Ids that clients give a job may be any text; where a uuid is needed another one names the work.
        let job = call.job.parse().unwrap_or_else(|_| JobUuid::random());
        let Origin { client, base_url, .. } = call.origin;
        let dispatcher = Dispatcher(self.clone());
        let context = Context { caller, job, client, base_url, work: call.work, dispatcher, kept: false };
        self.run(call.operation, call.parameters, context).await
    }

    /// Performs a call that was admitted.
    async fn run(
        &self,
        operation: &'static OperationDescription,
        parameters: Map<String, Value>,
        context: Context,
    ) -> Result<Value, PerformError> {
        let performer = self.performers.get(operation.index).expect("each operation has a performer");
        let is_long = |_: &Caller| operation.long_job;
        let _tracked = context.caller.filter(is_long).map(|caller| {
            let id = context.job.to_string();
            self.backend.work_begin(&id, operation.name, caller, &context);
            Tracked { backend: self.backend.clone(), id }
        });
        performer(self.backend.clone(), context, Value::Object(parameters)).await
    }
}

/// A call that takes long, until it ends: also by a panic.
struct Tracked<B: Backend> {
    backend: Arc<B>,
    id: String,
}

impl<B: Backend> Drop for Tracked<B> {
    fn drop(&mut self) {
        self.backend.work_end(&self.id);
    }
}

impl<B: Backend> Dispatch for Calls<B> {
    fn place(&self) -> Result<Place, ServiceError> {
        let place = self.places.clone().try_acquire_owned();
        place.map(Place).map_err(|_| ServiceError::TooManyCalls { limit: self.most })
    }

    fn check(
        &self,
        operation: &'static OperationDescription,
        parameters: Map<String, Value>,
        caller: Caller,
    ) -> BoxFuture<Result<Map<String, Value>, ServiceError>> {
        let backend = self.backend.clone();
        Box::pin(async move {
            let parameters = typed(operation, parameters).map_err(|refusal| ServiceError::InvalidArgument {
                field: "jobData",
                value: operation.name.to_owned(),
                reason: refusal.text,
            })?;
            let mut call = Call {
                operation,
                parameters,
                caller: Some(Ok(caller)),
                origin: Origin { client: Ipv4Addr::LOCALHOST.into(), base_url: String::new() },
                job: String::new(),
                work: Work::default(),
            };
            match admit(backend.as_ref(), &mut call).await {
                Ok(_) | Err(Early::Gone) => Ok(call.parameters),
                Err(Early::Failed(error)) => Err(error),
            }
        })
    }

    fn perform(
        self: Arc<Self>,
        operation: &'static OperationDescription,
        parameters: Map<String, Value>,
        context: Context,
    ) -> BoxFuture<Performed> {
        Box::pin(async move {
            let job = context.job.to_string();
            let Outcome { succeeded, body, .. } =
                caught(self.run(operation, parameters, context), operation, &job).await;
            Performed { succeeded, body }
        })
    }

    fn error_code(&self, error: &ServiceError, job: JobUuid) -> ErrorCode {
        error_reply::error_code(error, &job.to_string())
    }
}

/// How it ends, whatever happens in it.
async fn caught(
    performing: impl Future<Output = Result<Value, PerformError>>,
    operation: &'static OperationDescription,
    job: &str,
) -> Outcome {
    let ended = async {
        let outcome = match performing.await {
            Ok(body) => Outcome { succeeded: true, body, refused: false },
            Err(PerformError::Refused(error)) => {
                Outcome { refused: true, ..Outcome::failed(&error_reply::error_code(&error, job)) }
            }
            Err(PerformError::Service(error)) => Outcome::failed(&error_reply::error_code(&error, job)),
            Err(PerformError::UnknownValue(error)) => Outcome::failed(&error_reply::unknown_value(&error)),
            Err(PerformError::Encode(error)) => {
                let error = ServiceError::Internal { action: "encode the reply", source: Box::new(error) };
                Outcome::failed(&error_reply::error_code(&error, job))
            }
        };
        debug_assert!(outcome.is_declared(operation), "{} does not declare {}", operation.name, outcome.body);
        outcome
    };
    let ended = AssertUnwindSafe(ended).catch_unwind().await;
    ended.unwrap_or_else(|_| Outcome::failed(&error_reply::panicked(job)))
}

/// Checks everything that is checked before an operation is performed.
async fn admit<B: Backend>(backend: &B, call: &mut Call) -> Result<Option<Caller>, Early> {
    check(call.operation, &mut call.parameters)?;
    let caller = call.caller.take();
    let named = named(backend, call).await?;
    let Some(caller) = caller.transpose()? else { return Ok(None) };
    if call.operation.access == Access::Administrator && !caller.administrator {
        return Err(ServiceError::NotAdministrator { operation: call.operation.name }.into());
    }
    match named {
        Some(named) => backend.permit(caller, &named).await?,
        None => return Err(Early::Gone),
    }
    Ok(Some(caller))
}

/// Checks that everything named exists, and answers whose it is. `None` when only the resource to be deleted does not, which
/// is no error.
async fn named<'a, B: Backend>(
    backend: &B,
    call: &'a Call,
) -> Result<Option<Vec<(IdReference<'a>, Owner)>>, ServiceError> {
    let references = references(call.operation, &call.parameters);
    // What is not well formed names nothing: no need to ask.
    let (well_formed, ill_formed): (Vec<_>, Vec<_>) =
        references.into_iter().partition(|reference| reference.value.parse::<JobUuid>().is_ok());
    if !ill_formed.is_empty() {
        return Err(not_found(&ill_formed));
    }
    if well_formed.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let owners = backend.owners(&well_formed).await?;
    let (mut named, mut missing) = (Vec::new(), Vec::new());
    for (reference, owner) in well_formed.into_iter().zip(owners) {
        match owner {
            Some(owner) => named.push((reference, owner)),
            None => missing.push(reference),
        }
    }
    let deleted = call.operation.route.deleted_variable();
    let others: Vec<_> = missing.iter().filter(|it| Some(it.field) != deleted).copied().collect();
    if !others.is_empty() {
        return Err(not_found(&others));
    }
    Ok(missing.is_empty().then_some(named))
}

/// The error for the first field among these; of a list, all that are missing.
fn not_found(missing: &[IdReference<'_>]) -> ServiceError {
    let first = missing.first().map_or("", |reference| reference.field);
    let of_first = missing.iter().filter(|reference| reference.field == first);
    let values: Vec<_> = of_first.map(|reference| crate::refusal::shown(reference.value)).collect();
    let resource = missing.first().map_or("", |reference| reference.resource.as_str());
    ServiceError::NotFound { field: first.to_owned(), resource, value: crate::refusal::shown(&values.join(",")) }
}
