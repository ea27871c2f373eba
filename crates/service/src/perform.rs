//! The one way into an operation.

use crate::{Caller, Dispatcher, ServiceError};
use imprint_api::Operation;
use imprint_domain::JobUuid;
use imprint_jobs::Work;
use std::future::Future;
use std::net::IpAddr;

/// What an operation may know of its call besides its parameters.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who calls; `None` for the operations that need no session.
    pub caller: Option<Caller>,
    /// The call's id: the client's `X-Job-UUID`, else a new one. Progress is reported under it.
    pub job: JobUuid,
    /// The client's address, as far as it can be known.
    pub client: IpAddr,
    /// What absolute URLs begin with, such as `http://10.1.2.3:8080`, without a slash at the end.
    pub base_url: String,
    /// How long the call may take, whether it was cancelled, and how far it has come: what takes long asks it and tells it.
    pub work: Work,
    /// Calls other operations.
    pub dispatcher: Dispatcher,
    /// Whether the reply is kept where others than the caller may read it.
    pub kept: bool,
}

impl Context {
    /// Who calls.
    ///
    /// # Errors
    /// `SessionInvalid` when nobody is logged in; the front has refused such calls already.
    pub fn caller(&self) -> Result<Caller, ServiceError> {
        self.caller.ok_or(ServiceError::SessionInvalid)
    }

    /// Who alone reads the reply; `None` when it is kept for others too: secrets have no place in it then.
    pub(crate) fn reader(&self) -> Option<Caller> {
        self.caller.filter(|_| !self.kept)
    }
}

/// Performs one operation. Its parameters have the declared types and obey the declared rules, the ids in them name
/// existing resources, and the caller's session is valid.
pub trait Perform<O: Operation> {
    /// Does it. The future runs to its end even when the client has gone.
    fn perform(&self, context: Context, operation: O) -> impl Future<Output = Result<O::Reply, ServiceError>> + Send;
}
