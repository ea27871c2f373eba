//! The API as pages call it from within this process: through the checks of requests, in their places, with their errors.

use crate::backend::Backend;
use crate::call::{Call, Calls, Origin};
use crate::error_reply;
use crate::parameters::typed;
use crate::query_parameters::{self, QueryRefusal};
use imprint_api::{Access, ErrorCode, ErrorKind, OperationDescription, QueryDescription};
use imprint_domain::{JobUuid, Timestamp};
use imprint_service::{Caller, Dispatch, Place, QueryReply, QueryRequest, ServiceError, Work};
use serde_json::{Map, Value};
use std::net::IpAddr;
use std::sync::Arc;

/// Calls operations and queries.
#[derive(Debug)]
pub struct LocalApi<B> {
    pub(crate) backend: Arc<B>,
    pub(crate) all: Arc<Calls<B>>,
}

/// Who asks for something from within a page.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The session, if the visitor has one.
    pub session: Option<String>,
    /// The visitor's address.
    pub client: IpAddr,
    /// What absolute URLs begin with.
    pub base_url: String,
}

impl<B: Backend> LocalApi<B> {
    /// The API of this service, which runs at most so many calls at once.
    pub fn new(backend: Arc<B>, max_calls: usize) -> Arc<Self> {
        let all = Calls::new(backend.clone(), max_calls);
        Arc::new(Self { backend, all })
    }

    /// What the service's clock shows.
    pub fn now(&self) -> Timestamp {
        self.backend.now()
    }

    /// What the API calls.
    pub fn backend(&self) -> &Arc<B> {
        &self.backend
    }

    /// A place for a call.
    ///
    /// # Errors
    /// When all are taken.
    pub(crate) fn place(&self) -> Result<Place, ServiceError> {
        self.all.place()
    }

    /// Waits until no call runs any more.
    pub(crate) async fn ended(&self) {
        self.all.ended().await;
    }

    /// Whose session that is.
    ///
    /// # Errors
    /// When it is nobody's, or not any more.
    pub async fn caller(&self, visitor: &Visitor) -> Result<Caller, Box<ErrorCode>> {
        let session = visitor.session.as_deref().unwrap_or_default();
        let caller = self.backend.caller(session).await;
        caller.map_err(|error| error_code(&error))
    }

    /// Performs an operation as if the visitor had sent it. The parameters may be texts, as forms have them. The call runs to
    /// its end even when this future is dropped.
    ///
    /// # Errors
    /// What the API answers. What is not of its parameter's type, which a request is refused for with status 400, is an invalid
    /// argument.
    pub async fn call(
        &self,
        operation: &'static OperationDescription,
        parameters: Map<String, Value>,
        visitor: &Visitor,
    ) -> Result<Value, Box<ErrorCode>> {
        let parameters = typed(operation, parameters).map_err(|refusal| refused(&refusal.text))?;
        let place = self.place().map_err(|error| error_code(&error))?;
        let caller = match operation.access {
            Access::Anyone => None,
            _ => Some(self.backend.caller(visitor.session.as_deref().unwrap_or_default()).await),
        };
        let job = JobUuid::random().to_string();
        let origin = Origin { client: visitor.client, base_url: visitor.base_url.clone() };
        let call = Call { operation, parameters, caller, origin, job: job.clone(), work: Work::default() };
        let calling = self.all.clone().call(call);
        let outcome = tokio::spawn(async move {
            let _place = place;
            calling.await
        });
        let outcome = outcome.await.map_err(|_| Box::new(error_reply::panicked(&job)))?;
        if outcome.succeeded {
            return Ok(outcome.body);
        }
        let error = outcome.body.get("error").cloned().unwrap_or_default();
        Err(serde_json::from_value(error).unwrap_or_else(|_| Box::new(error_reply::panicked(&job))))
    }

    /// Checks the parameters of an operation as a call of it would, without performing it.
    ///
    /// # Errors
    /// What the API would answer.
    pub async fn check(
        &self,
        operation: &'static OperationDescription,
        parameters: Map<String, Value>,
        visitor: &Visitor,
    ) -> Result<(), Box<ErrorCode>> {
        let parameters = typed(operation, parameters).map_err(|refusal| refused(&refusal.text))?;
        let caller = self.caller(visitor).await?;
        let checked = self.all.check(operation, parameters, caller).await;
        checked.map(drop).map_err(|error| error_code(&error))
    }

    /// The rows that the visitor sees of what a query string asks for.
    ///
    /// # Errors
    /// What the API answers.
    pub async fn query(
        &self,
        query: &'static QueryDescription,
        query_string: &str,
        visitor: &Visitor,
    ) -> Result<QueryReply, Box<ErrorCode>> {
        let request = query_parameters::parse(query_string).map_err(|refusal| match refusal {
            QueryRefusal::Front(refusal) => refused(&refusal.text),
            QueryRefusal::Api(error) => error_code(&error),
        })?;
        self.find(query, request, visitor).await
    }

    /// The rows that the visitor sees of what is asked for.
    ///
    /// # Errors
    /// What the API answers.
    pub async fn find(
        &self,
        query: &'static QueryDescription,
        request: QueryRequest,
        visitor: &Visitor,
    ) -> Result<QueryReply, Box<ErrorCode>> {
        let caller = self.caller(visitor).await?;
        let collection = query_parameters::collection(query, &request);
        self.backend.query(collection, request, caller).await.map_err(|error| error_code(&error))
    }
}

/// An error of the service as clients see it, for what no operation does.
pub fn error_code(error: &ServiceError) -> Box<ErrorCode> {
    Box::new(error_reply::error_code(error, &JobUuid::random().to_string()))
}

fn refused(text: &str) -> Box<ErrorCode> {
    Box::new(ErrorCode::new(ErrorKind::INVALID_ARGUMENT, text))
}
