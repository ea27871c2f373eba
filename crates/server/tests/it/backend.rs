//! A backend that keeps jobs in memory and answers every operation with what the test chose.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use imprint_api::{Operation, QueryDescription};
use imprint_domain::{AccountUuid, Clock, Timestamp};
use imprint_server::{Backend, ByteStream, Download};
use imprint_service::{
    AccessKeyError, Caller, Context, IdReference, JobState, Owner, Perform, QueryReply, QueryRequest, ServiceError,
    SignedRequest, SystemClock, UploadError, UploadPart, UploadProgress,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use tokio::sync::{Notify, Semaphore};

/// An id that exists.
pub(crate) const KNOWN: &str = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";

/// A well-formed id that names nothing.
pub(crate) const ABSENT: &str = "d20e8a5f7c1946b3bd8e41f7092ac63b";

/// The administrator's session.
pub(crate) const ADMIN: &str = "0d9b7c3e41fa4e6b8c52a17f6630be94";

/// A session of another account.
pub(crate) const USER: &str = "1b7e44d9083c4f5aa95d3c6e82f0b417";

/// What the next operations do.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    /// Answer with this reply.
    Reply(Value),
    /// Fail.
    Refuse,
    /// Fail by our own fault.
    Break,
    Panic,
}

/// The backend.
#[derive(Debug)]
pub(crate) struct TestBackend {
    pub(crate) script: Mutex<Script>,
    /// An operation needs one permit of it to end.
    pub(crate) gate: Semaphore,
    /// Told whenever an operation comes to the gate.
    pub(crate) arrived: Notify,
    /// What was performed: name and parameters.
    pub(crate) performed: Mutex<Vec<(&'static str, Value)>>,
    /// What was asked: collection and query.
    pub(crate) queries: Mutex<Vec<(&'static str, QueryRequest)>>,
    pub(crate) jobs: Mutex<HashMap<String, JobState>>,
    /// How many ends of jobs cannot be written.
    pub(crate) failing_ends: AtomicUsize,
    /// Told whenever the end of a job was written.
    pub(crate) end_written: Notify,
    /// The operations of jobs by id.
    begun: Mutex<HashMap<String, &'static str>>,
    /// The file behind the token `token`.
    pub(crate) file: Bytes,
}

impl TestBackend {
    /// One that answers at once, with this reply.
    pub(crate) fn new(reply: Value) -> Self {
        Self {
            script: Mutex::new(Script::Reply(reply)),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            arrived: Notify::new(),
            performed: Mutex::default(),
            queries: Mutex::default(),
            jobs: Mutex::default(),
            failing_ends: AtomicUsize::new(0),
            end_written: Notify::new(),
            begun: Mutex::default(),
            file: (0..=255_u8).cycle().take(1 << 20).collect(),
        }
    }

    /// Lets nothing end until permits are added.
    pub(crate) fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }
}

impl<O: Operation> Perform<O> for TestBackend {
    async fn perform(&self, context: Context, operation: O) -> Result<O::Reply, ServiceError> {
        assert!(context.base_url.starts_with("http://"));
        self.arrived.notify_one();
        let _permit = self.gate.acquire().await.unwrap();
        self.performed.lock().unwrap().push((O::NAME, serde_json::to_value(operation).unwrap()));
        let script = self.script.lock().unwrap().clone();
        match script {
            Script::Reply(reply) => Ok(serde_json::from_value(reply).unwrap()),
            Script::Refuse => Err(ServiceError::UuidTaken { value: KNOWN.to_owned() }),
            Script::Break => {
                let source = Box::new(std::io::Error::other("a secret of the machine"));
                Err(ServiceError::Internal { action: "read the store", source })
            }
            Script::Panic => panic!("as the script says"),
        }
    }
}

impl Backend for TestBackend {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    async fn caller(&self, session: &str) -> Result<Caller, ServiceError> {
        let caller = |administrator| Caller { account: AccountUuid::random(), administrator };
        match session {
            ADMIN => Ok(caller(true)),
            USER => Ok(caller(false)),
            _ => Err(ServiceError::SessionInvalid),
        }
    }

    async fn caller_by_access_key(&self, request: &SignedRequest) -> Result<Caller, AccessKeyError> {
        match request.key_id.as_str() {
            "key" if request.signature == "right" => Ok(Caller { account: AccountUuid::random(), administrator: true }),
            "key" => Err(AccessKeyError::WrongSignature),
            "disabled" => Err(AccessKeyError::Disabled),
            "broken" => Err(AccessKeyError::Service(ServiceError::MetadataClosed)),
            _ => Err(AccessKeyError::Unknown),
        }
    }

    async fn owners(&self, references: &[IdReference<'_>]) -> Result<Vec<Option<Owner>>, ServiceError> {
        assert!(!references.is_empty());
        Ok(references.iter().map(|it| (it.value == KNOWN).then_some(Owner::Nobody)).collect())
    }

    async fn permit(&self, _: Caller, _: &[(IdReference<'_>, Owner)]) -> Result<(), ServiceError> {
        Ok(())
    }

    async fn query(
        &self,
        collection: &'static QueryDescription,
        request: QueryRequest,
        _: Caller,
    ) -> Result<QueryReply, ServiceError> {
        let count = request.count;
        self.queries.lock().unwrap().push((collection.name, request));
        let rows = vec![json!({"uuid": KNOWN, "backupStorageRefs": [{"id": 1}]}), json!({"uuid": ABSENT})];
        Ok(QueryReply { inventories: (!count).then_some(rows), total: count.then_some(7) })
    }

    fn work_begin(&self, _: &str, _: &'static str, _: Caller, _: &Context) {}

    fn work_end(&self, _: &str) {}

    async fn note_failed_call(&self, _: &str, _: &'static str, _: Caller, _: &str) {}

    async fn job_begin(
        &self,
        job: &str,
        operation: &'static str,
        _: Option<AccountUuid>,
    ) -> Result<bool, ServiceError> {
        self.begun.lock().unwrap().insert(job.to_owned(), operation);
        Ok(self.jobs.lock().unwrap().insert(job.to_owned(), JobState::Running).is_none())
    }

    async fn job_end(&self, job: &str, succeeded: bool, body: &str) -> Result<(), ServiceError> {
        let is_failing = self.failing_ends.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        if is_failing {
            return Err(ServiceError::MetadataClosed);
        }
        let operation = self.begun.lock().unwrap()[job].to_owned();
        let done = JobState::Done { operation, succeeded, body: body.to_owned() };
        assert_eq!(self.jobs.lock().unwrap().insert(job.to_owned(), done), Some(JobState::Running));
        self.end_written.notify_one();
        Ok(())
    }

    async fn job_poll(&self, job: &str) -> Result<JobState, ServiceError> {
        Ok(self.jobs.lock().unwrap().get(job).cloned().unwrap_or(JobState::Unknown))
    }

    async fn upload_progress(&self, _: &str) -> Result<Option<UploadProgress>, ServiceError> {
        Ok(None)
    }

    async fn receive_upload(
        &self,
        _: &str,
        _: UploadPart,
        _: ByteStream,
    ) -> Result<Option<Result<UploadProgress, UploadError>>, ServiceError> {
        Ok(None)
    }

    async fn open_download(&self, token: &str) -> Result<Option<Download>, ServiceError> {
        let file = self.file.clone();
        Ok((token == "token").then(|| Download {
            len: file.len() as u64,
            etag: "abc".to_owned(),
            content_type: "application/octet-stream",
            file_name: "disk.raw".to_owned(),
            open: Box::new(move |range, _| {
                let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
                let part = file.slice(range);
                let pieces: Vec<_> = (0..part.len()).step_by(65_536).collect();
                stream::iter(pieces).map(move |at| Ok(part.slice(at..part.len().min(at + 65_536)))).boxed()
            }),
        }))
    }
}
