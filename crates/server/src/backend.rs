//! What the front asks of the service. The front is generic over it, so that its order of checks, its jobs and its answers
//! are tested by themselves; the one that runs is [`imprint_service::Service`].

mod service;

use bytes::Bytes;
use futures_util::Stream;
use imprint_api::QueryDescription;
use imprint_domain::{AccountUuid, Timestamp};
use imprint_service::{
    AccessKeyError, Caller, Context, IdReference, JobState, Owner, Perform, QueryReply, QueryRequest, ServiceError,
    SignedRequest, UploadError, UploadPart, UploadProgress,
};
use serde_json::Value;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

/// Pieces of a file in their order.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Streams part of a file, at least nothing and at most all of it, to whoever has this address.
pub type OpenRange = Box<dyn FnOnce(Range<u64>, IpAddr) -> ByteStream + Send>;

/// A file that an export's link leads to. It stays as it is until this and its stream are gone.
pub struct Download {
    /// Its length in bytes.
    pub len: u64,
    /// What stands between the quotes of its `ETag`: the same for the same bytes only.
    pub etag: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its name as it shall be saved.
    pub file_name: String,
    /// Streams part of it.
    pub open: OpenRange,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("len", &self.len).field("etag", &self.etag).finish_non_exhaustive()
    }
}

/// What the front asks of the service: every operation, and what is the same for all of them.
pub trait Backend: PerformsAll + Send + Sync + 'static {
    /// What the service's clock shows.
    fn now(&self) -> Timestamp;

    /// Whose session that is. Using it makes it live longer.
    fn caller(&self, session: &str) -> impl Future<Output = Result<Caller, ServiceError>> + Send;

    /// Whom a signed request acts for.
    fn caller_by_access_key(
        &self,
        request: &SignedRequest,
    ) -> impl Future<Output = Result<Caller, AccessKeyError>> + Send;

    /// Whose each of these is; `None` for what names nothing.
    fn owners(
        &self,
        references: &[IdReference<'_>],
    ) -> impl Future<Output = Result<Vec<Option<Owner>>, ServiceError>> + Send;

    /// Whether the caller may name these.
    fn permit(
        &self,
        caller: Caller,
        named: &[(IdReference<'_>, Owner)],
    ) -> impl Future<Output = Result<(), ServiceError>> + Send;

    /// Finds rows.
    fn query(
        &self,
        collection: &'static QueryDescription,
        request: QueryRequest,
        caller: Caller,
    ) -> impl Future<Output = Result<QueryReply, ServiceError>> + Send;

    /// Notes that a call that takes long begins: its progress can be asked for.
    fn work_begin(&self, id: &str, operation: &'static str, caller: Caller, context: &Context);

    /// Notes that it has ended.
    fn work_end(&self, id: &str);

    /// Notes that a call that takes long has failed, with what its caller was answered.
    fn note_failed_call(
        &self,
        job: &str,
        operation: &'static str,
        caller: Caller,
        error: &str,
    ) -> impl Future<Output = ()> + Send;

    /// Notes that a job runs, of this account; false when there is a job of this id already.
    fn job_begin(
        &self,
        job: &str,
        operation: &'static str,
        account: Option<AccountUuid>,
    ) -> impl Future<Output = Result<bool, ServiceError>> + Send;

    /// Notes how a job ended.
    fn job_end(&self, job: &str, succeeded: bool, body: &str) -> impl Future<Output = Result<(), ServiceError>> + Send;

    /// Where a job stands.
    fn job_poll(&self, job: &str) -> impl Future<Output = Result<JobState, ServiceError>> + Send;

    /// The file that an export's link leads to; `None` when the link is unknown or has ended.
    fn open_download(&self, token: &str) -> impl Future<Output = Result<Option<Download>, ServiceError>> + Send;

    /// How far the upload of that token has come; `None` when there is none.
    fn upload_progress(&self, token: &str)
    -> impl Future<Output = Result<Option<UploadProgress>, ServiceError>> + Send;

    /// Takes bytes for the upload of that token, to their end or until they break off; `None` when there is none.
    fn receive_upload(
        &self,
        token: &str,
        part: UploadPart,
        bytes: ByteStream,
    ) -> impl Future<Output = Result<Option<Result<UploadProgress, UploadError>>, ServiceError>> + Send;
}

/// How a call failed in the service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PerformError {
    /// A value obeys the declared rules, but is not one of those that the operation knows.
    #[error("no such value")]
    UnknownValue(#[source] serde_json::Error),
    /// The reply is not JSON.
    #[error("encode the reply")]
    Encode(#[source] serde_json::Error),
    /// The call was not let in.
    #[error(transparent)]
    Refused(ServiceError),
    /// The service refused, or failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Performs one operation on parameters as JSON.
pub(crate) type Performer<B> =
    fn(Arc<B>, Context, Value) -> Pin<Box<dyn Future<Output = Result<Value, PerformError>> + Send>>;

fn perform_as<O: imprint_api::Operation, B: Perform<O> + Send + Sync + 'static>(
    backend: Arc<B>,
    context: Context,
    parameters: Value,
) -> Pin<Box<dyn Future<Output = Result<Value, PerformError>> + Send>> {
    Box::pin(async move {
        let operation: O = serde_json::from_value(parameters).map_err(PerformError::UnknownValue)?;
        let reply = backend.perform(context, operation).await?;
        serde_json::to_value(reply).map_err(PerformError::Encode)
    })
}

macro_rules! declare_performers {
    ($($operation:ident,)+) => {
        /// Whoever performs every operation.
        pub trait PerformsAll: $(Perform<imprint_api::$operation> +)+ {}

        impl<B> PerformsAll for B where B: $(Perform<imprint_api::$operation> +)+ {}

        /// A performer for each operation, in the order of [`imprint_api::operations`].
        pub(crate) fn performers<B: Backend>() -> Vec<Performer<B>> {
            vec![$(perform_as::<imprint_api::$operation, B>,)+]
        }
    };
}

imprint_api::for_each_operation!(declare_performers);
