//! From a request to its answer: the order in which a request is read and refused.
//!
//! 1. whether it is a mock request (see [`crate::mock`]), 2. the path, 3. the body, 4. which operation is meant, 5. the form of `Authorization`,
//! 6. the parameters and their types, 7. the call's headers.
//!
//! All these are refused in plain text. Then the call runs (see [`crate::call`]) and is answered as [`crate::jobs`] says.

use crate::authorization::{Credentials, Signable};
use crate::backend::Backend;
use crate::call::{Call, Origin, Outcome};
use crate::call_headers::{CallHeaders, base_url, wants_mock, wants_schema};
use crate::job_records::{JobRecords, Keep};
use crate::jobs::{Answer, Mode, Running};
use crate::local_api::LocalApi;
use crate::page_session::session_cookie;
use crate::parameters::read;
use crate::query_parameters::{self, QueryRefusal};
use crate::refusal::FrontRefusal;
use crate::reply::{self, Reply};
use crate::request_body::{MAX_FORM, RequestBodies};
use crate::request_path::RequestPath;
use crate::route_table::{RouteTable, Target};
use crate::site::{PageRequest, Site};
use crate::trusted_proxies::{Arrival, Scheme};
use crate::web_hook::WebHooks;
use crate::{HttpConfig, download, error_reply, mock, upload};
use bytes::Bytes;
use hyper::body::Body;
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use imprint_api::{Access, OperationDescription, QueryDescription, Runs, operations};
use imprint_domain::JobUuid;
use imprint_service::{AccessKeyError, Caller, JobState, ServiceError, Work};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What need not be encoded in the last segment of a location.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Everything that answers requests.
#[derive(Debug)]
pub(crate) struct Front<B> {
    backend: Arc<B>,
    api: Arc<LocalApi<B>>,
    routes: RouteTable,
    records: Arc<JobRecords<B>>,
    hooks: Arc<WebHooks>,
    bodies: RequestBodies,
    site: Option<Arc<dyn Site>>,
    config: HttpConfig,
}

impl<B: Backend> Front<B> {
    /// A front for this service.
    ///
    /// # Errors
    /// When the system gives no HTTP client its means.
    pub(crate) fn new(
        api: Arc<LocalApi<B>>,
        site: Option<Arc<dyn Site>>,
        config: HttpConfig,
    ) -> Result<Self, reqwest::Error> {
        let backend = api.backend.clone();
        Ok(Self {
            records: Arc::new(JobRecords::new(backend.clone())),
            backend,
            api,
            routes: RouteTable::new(),
            hooks: Arc::new(WebHooks::new(config.allow_private_web_hooks)?),
            bodies: RequestBodies::new(),
            site,
            config,
        })
    }

    /// Waits until no call runs any more.
    pub(crate) async fn ended(&self) {
        self.api.ended().await;
    }

    /// Gives up what is still tried in the background: telling hooks and writing how jobs ended.
    pub(crate) async fn stop(&self) {
        self.hooks.stop().await;
        self.records.stop().await;
    }

    /// Answers a request that came in so.
    pub(crate) async fn answer<R>(&self, request: Request<R>, arrival: Arrival) -> Reply
    where
        R: Body<Data = Bytes> + Send + 'static,
    {
        let begun = Instant::now();
        let (head, body) = request.into_parts();
        let client = arrival.client(&head.headers, &self.config.trusted_proxies);
        let public_url = self.config.public_url.as_deref();
        let base_url = base_url(public_url, &head.headers, client.scheme, arrival.local);
        let origin = Origin { client: client.address, base_url };
        let reply = self.route(&head, body, origin, client.scheme).await.unwrap_or_else(reply::refusal);
        // No path: those of sessions and downloads are secrets.
        tracing::debug!(method = %head.method, status = reply.status().as_u16(), client = %client.address, took = ?begun.elapsed(), "answered");
        reply
    }

    async fn route<R>(&self, head: &Parts, body: R, origin: Origin, scheme: Scheme) -> Result<Reply, FrontRefusal>
    where
        R: Body<Data = Bytes> + Send + 'static,
    {
        let mock = wants_mock(&head.headers)?;
        match RequestPath::parse(head.uri.path())? {
            RequestPath::Api(path) => self.call(head, &path, body, origin, scheme, mock).await,
            RequestPath::Job(job) => self.poll(head, &job).await,
            RequestPath::Export { token } => self.download(head, &token, origin.client).await,
            RequestPath::Upload { .. } if mock => Err(FrontRefusal::bad_request("an upload has no mock")),
            RequestPath::Upload { token } => upload::answer(&*self.backend, head, &token, body).await,
            RequestPath::Page(path) => self.page(head, path, body, origin, scheme).await,
        }
    }

    async fn page<R>(
        &self,
        head: &Parts,
        path: String,
        body: R,
        origin: Origin,
        scheme: Scheme,
    ) -> Result<Reply, FrontRefusal>
    where
        R: Body<Data = Bytes> + Send,
    {
        let Some(site) = &self.site else { return Err(RequestPath::unmapped(&path)) };
        let request = PageRequest {
            method: head.method.clone(),
            path,
            query_string: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers.clone(),
            body: self.bodies.read_bytes(body, MAX_FORM).await?.into(),
            client: origin.client,
            secure: scheme == Scheme::Https,
            base_url: origin.base_url,
        };
        Ok(site.answer(request).await)
    }

    async fn call<R>(
        &self,
        head: &Parts,
        path: &str,
        body: R,
        origin: Origin,
        scheme: Scheme,
        mock: bool,
    ) -> Result<Reply, FrontRefusal>
    where
        R: Body<Data = Bytes> + Send,
    {
        let unknown = || FrontRefusal::not_found(format!("no api mapping to /v1{}", crate::refusal::shown(path)));
        let found = self.routes.find(path).ok_or_else(unknown)?;
        let body = self.bodies.read(body).await?;
        let query_string = head.uri.query().unwrap_or_default();
        let cookie = session_cookie(&origin.base_url, scheme == Scheme::Https);
        match found.target(&head.method, body.as_ref())? {
            Target::Query(query) => {
                let shown = self.authorize(head, path, &cookie).await?;
                Ok(self.query(query, query_parameters::parse(query_string), shown, mock).await?)
            }
            Target::QueryOne(query) => {
                let shown = self.authorize(head, path, &cookie).await?;
                let uuid = found.values().next().unwrap_or_default();
                Ok(self.query(query, Ok(query_parameters::one(uuid)), shown, mock).await?)
            }
            Target::Operation(operation) => {
                let shown = match operation.access {
                    Access::Anyone => None,
                    _ => Some(self.authorize(head, path, &cookie).await?),
                };
                let parameters = read(operation, body, query_string, found.values())?;
                let headers = CallHeaders::parse(&head.headers)?;
                let job = headers.job.clone().unwrap_or_else(|| JobUuid::random().to_string());
                let caller = match shown {
                    Some(shown) => Some(self.caller(shown).await),
                    None => None,
                };
                // Only what the client asks for ends work: a backup takes as long as its volume is large. One that reaches
                // beyond what the clock can count is none.
                let deadline = headers.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
                let call = Call { operation, parameters, caller, origin, job, work: Work::until(deadline) };
                if mock {
                    return Ok(mock::answer(call, wants_schema(&head.headers)));
                }
                self.run(call, headers, wants_schema(&head.headers)).await
            }
        }
    }

    /// Reads whom a request comes from. A session is looked up later; a signature is checked here, for its refusal is plain
    /// text.
    async fn authorize(&self, head: &Parts, path: &str, cookie: &str) -> Result<Shown, FrontRefusal> {
        let signable = Signable { method: &head.method, path, now: self.backend.now(), zone: &self.config.zone };
        match Credentials::read(&head.headers, cookie, signable)? {
            Credentials::Session(session) => Ok(Shown::Session(session)),
            Credentials::Signed(request) => {
                let caller = self.backend.caller_by_access_key(&request).await;
                caller.map(Shown::Caller).map_err(|error| access_key_refused(&error))
            }
        }
    }

    async fn caller(&self, shown: Shown) -> Result<Caller, ServiceError> {
        match shown {
            Shown::Session(session) => self.backend.caller(&session).await,
            Shown::Caller(caller) => Ok(caller),
        }
    }

    async fn run(&self, call: Call, headers: CallHeaders, wants_schema: bool) -> Result<Reply, FrontRefusal> {
        let operation = call.operation;
        let mode = match (operation.runs, headers.web_hook, headers.job) {
            (Runs::Inline, _, _) => Mode::Inline,
            (Runs::AsJob, Some(url), _) => Mode::Hooked(self.hooks.hook(&url)?),
            (Runs::AsJob, None, Some(_)) => Mode::Named,
            (Runs::AsJob, None, None) => Mode::Wait,
        };
        let place = match self.api.place() {
            Ok(place) => place,
            Err(error) => return Ok(reply::error(&error_reply::error_code(&error, &call.job))),
        };
        let accepted = accepted(operation, &call, headers.timeout);
        let running = Running {
            records: self.records.clone(),
            keep: match &call.caller {
                Some(Err(_)) => Keep::InMemory,
                Some(Ok(caller)) => Keep::InRow(Some(caller.account)),
                None => Keep::InRow(None),
            },
            hooks: self.hooks.clone(),
            job: call.job.clone(),
            operation: operation.name,
            mode,
            sync_wait: self.config.sync_wait,
            place,
        };
        match running.start(self.api.all.clone().call_and_note(call)).await {
            Answer::Ended(outcome) => Ok(ended(outcome, operation.name, wants_schema)),
            Answer::Accepted => Ok(reply::json(StatusCode::ACCEPTED, &accepted)),
            Answer::Duplicate => {
                Err(FrontRefusal::bad_request("duplicate job uuid: there is a job of the id in 'X-Job-UUID'"))
            }
        }
    }

    async fn query(
        &self,
        query: &'static QueryDescription,
        request: Result<imprint_service::QueryRequest, QueryRefusal>,
        shown: Shown,
        mock: bool,
    ) -> Result<Reply, FrontRefusal> {
        let job = JobUuid::random().to_string();
        let answered = async {
            let request = request?;
            let caller = self.caller(shown).await?;
            let collection = query_parameters::collection(query, &request);
            if mock {
                return Ok(mock::rows(collection, &request));
            }
            let found = self.backend.query(collection, request, caller).await?;
            let mut body = Map::new();
            if let Some(inventories) = found.inventories {
                body.insert("inventories".to_owned(), Value::Array(inventories));
            }
            if let Some(total) = found.total {
                body.insert("total".to_owned(), total.into());
            }
            let mut body = Value::Object(body);
            reply::add_schema(&mut body, &[("inventories", collection.tree)]);
            Ok::<_, QueryRefusal>(reply::json(StatusCode::OK, &body))
        };
        match answered.await {
            Ok(reply) => Ok(reply),
            Err(QueryRefusal::Front(refusal)) => Err(refusal),
            Err(QueryRefusal::Api(error)) => Ok(reply::error(&error_reply::error_code(&error, &job))),
        }
    }

    /// Polls a job. Nobody's credentials are looked at: clients send stale ones here.
    async fn poll(&self, head: &Parts, job: &str) -> Result<Reply, FrontRefusal> {
        if head.method != Method::GET {
            let text = "only GET is allowed to poll a job".to_owned();
            return Err(FrontRefusal { status: StatusCode::METHOD_NOT_ALLOWED, text, allow: Some("GET".to_owned()) });
        }
        match self.records.poll(job).await {
            Ok(JobState::Running) => Ok(reply::json(StatusCode::ACCEPTED, &json!({}))),
            Ok(JobState::Unknown) => Err(FrontRefusal::not_found("the job has been expired")),
            Ok(JobState::Done { operation, succeeded, body }) => {
                let body = serde_json::from_str(&body).map_err(|error| internal(&error))?;
                Ok(ended(Outcome { succeeded, body, refused: false }, &operation, wants_schema(&head.headers)))
            }
            // A 503 here would say that the job failed.
            Err(error) => Err(internal(&error)),
        }
    }

    async fn download(&self, head: &Parts, token: &str, client: IpAddr) -> Result<Reply, FrontRefusal> {
        match self.backend.open_download(token).await {
            Ok(Some(file)) => download::answer(&head.method, &head.headers, file, client).await,
            Ok(None) => Err(FrontRefusal::not_found("this link is unknown, or has expired")),
            Err(error) => Ok(reply::error(&error_reply::error_code(&error, &JobUuid::random().to_string()))),
        }
    }
}

/// What a request has shown of whom it comes from.
enum Shown {
    /// A session, which may be none.
    Session(String),
    /// Who has signed it.
    Caller(Caller),
}

/// Clients know these refusals by words of their texts.
fn access_key_refused(error: &AccessKeyError) -> FrontRefusal {
    if let AccessKeyError::Service(error) = error {
        tracing::error!(%error, cause = error.source(), "an access key could not be looked up");
        let text = "an internal error happened; the server's log has the cause".to_owned();
        return FrontRefusal { status: StatusCode::INTERNAL_SERVER_ERROR, text, allow: None };
    }
    FrontRefusal { status: StatusCode::FORBIDDEN, text: error.to_string(), allow: None }
}

/// The answer to a call that goes on as a job.
fn accepted(operation: &OperationDescription, call: &Call, timeout: Option<Duration>) -> Value {
    let location = format!("{}/zstack/v1/api-jobs/{}", call.origin.base_url, utf8_percent_encode(&call.job, SEGMENT));
    let millis = timeout.unwrap_or(operation.timeout).as_millis();
    json!({"location": location, "apiTimeout": u64::try_from(millis).unwrap_or(u64::MAX)})
}

/// The answer to a call, or to a poll, once it has ended.
fn ended(outcome: Outcome, operation: &str, wants_schema: bool) -> Reply {
    let Outcome { succeeded, mut body, .. } = outcome;
    if !succeeded {
        return reply::json(StatusCode::SERVICE_UNAVAILABLE, &body);
    }
    if wants_schema {
        let known = operations().iter().find(|it| it.name == operation);
        reply::add_schema(&mut body, known.map_or(&[], |it| it.classes));
    }
    reply::json(StatusCode::OK, &body)
}

fn internal(error: &(dyn Error + 'static)) -> FrontRefusal {
    tracing::error!(%error, cause = error.source(), "a job could not be polled");
    let text = "an internal error happened; the server's log has the cause".to_owned();
    FrontRefusal { status: StatusCode::INTERNAL_SERVER_ERROR, text, allow: None }
}
