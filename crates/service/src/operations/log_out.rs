//! Logging out.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{EmptyReply, LogOut};

impl Perform<LogOut> for Service {
    async fn perform(&self, _: Context, operation: LogOut) -> Result<EmptyReply, ServiceError> {
        if let Some(session) = operation.session_uuid.and_then(|text| text.parse().ok()) {
            self.sessions.forget(session);
            self.metadata.delete_session(session).await?;
            // A call that was looking the session up meanwhile may have put it back.
            self.sessions.forget(session);
        }
        Ok(EmptyReply {})
    }
}
