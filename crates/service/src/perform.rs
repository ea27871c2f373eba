//! The one way into an operation.

use crate::{Caller, ServiceError};
use imprint_api::Operation;
use imprint_domain::JobUuid;
use std::future::Future;
use std::time::Instant;

/// What an operation may know of its call besides its parameters.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who calls; `None` for the operations that need no session.
    pub caller: Option<Caller>,
    /// The call's id: the client's `X-Job-UUID`, else a new one. Progress is reported under it.
    pub job: JobUuid,
    /// What absolute URLs begin with, such as `http://10.1.2.3:8080`, without a slash at the end.
    pub base_url: String,
    /// When the client wants the call to be given up: what takes long asks for it. `None`: it may take as long as it does.
    pub deadline: Option<Instant>,
}

impl Context {
    /// Who calls.
    ///
    /// # Errors
    /// `SessionInvalid` when nobody is logged in; the front has refused such calls already.
    pub fn caller(&self) -> Result<Caller, ServiceError> {
        self.caller.ok_or(ServiceError::SessionInvalid)
    }
}

/// Performs one operation. Its parameters have the declared types and obey the declared rules, the ids in them name
/// existing resources, and the caller's session is valid.
pub trait Perform<O: Operation> {
    /// Does it. The future runs to its end even when the client has gone.
    fn perform(&self, context: Context, operation: O) -> impl Future<Output = Result<O::Reply, ServiceError>> + Send;
}
