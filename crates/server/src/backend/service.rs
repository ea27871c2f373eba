//! The service as a backend.

use super::{Backend, ByteStream, Download};
use imprint_api::QueryDescription;
use imprint_domain::{AccountUuid, Timestamp};
use imprint_service::{
    AccessKeyError, Caller, Context, IdReference, JobState, Owner, QueryReply, QueryRequest, Service, ServiceError,
    SignedRequest, UploadError, UploadPart, UploadProgress,
};

impl Backend for Service {
    fn now(&self) -> Timestamp {
        self.now()
    }

    async fn caller(&self, session: &str) -> Result<Caller, ServiceError> {
        self.caller(session).await
    }

    async fn caller_by_access_key(&self, request: &SignedRequest) -> Result<Caller, AccessKeyError> {
        self.caller_by_access_key(request).await
    }

    async fn owners(&self, references: &[IdReference<'_>]) -> Result<Vec<Option<Owner>>, ServiceError> {
        self.owners(references).await
    }

    async fn permit(&self, caller: Caller, named: &[(IdReference<'_>, Owner)]) -> Result<(), ServiceError> {
        self.permit(caller, named).await
    }

    async fn query(
        &self,
        collection: &'static QueryDescription,
        request: QueryRequest,
        caller: Caller,
    ) -> Result<QueryReply, ServiceError> {
        self.query(collection, request, caller).await
    }

    fn work_begin(&self, id: &str, operation: &'static str, caller: Caller, context: &Context) {
        self.work_begin(id, operation, caller, context);
    }

    fn work_end(&self, id: &str) {
        self.work_end(id);
    }

    async fn note_failed_call(&self, job: &str, operation: &'static str, caller: Caller, error: &str) {
        self.note_failed_call(job, operation, caller, error).await;
    }

    async fn job_begin(
        &self,
        job: &str,
        operation: &'static str,
        account: Option<AccountUuid>,
    ) -> Result<bool, ServiceError> {
        self.job_begin(job, operation, account).await
    }

    async fn job_end(&self, job: &str, succeeded: bool, body: &str) -> Result<(), ServiceError> {
        self.job_end(job, succeeded, body).await
    }

    async fn job_poll(&self, job: &str) -> Result<JobState, ServiceError> {
        self.job_poll(job).await
    }

    async fn upload_progress(&self, token: &str) -> Result<Option<UploadProgress>, ServiceError> {
        self.upload_progress(token).await
    }

    async fn receive_upload(
        &self,
        token: &str,
        part: UploadPart,
        bytes: ByteStream,
    ) -> Result<Option<Result<UploadProgress, UploadError>>, ServiceError> {
        self.receive_upload(token, part, bytes).await
    }

    async fn open_download(&self, token: &str) -> Result<Option<Download>, ServiceError> {
        let found = self.open_download(token).await?;
        Ok(found.map(|file| Download {
            len: file.len,
            etag: file.etag.clone(),
            content_type: file.content_type,
            file_name: file.file_name.clone(),
            open: Box::new(move |range, client| Box::pin(file.into_stream(range, client))),
        }))
    }
}
