//! Asking whether a session is valid.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{ValidReply, ValidateSession};

impl Perform<ValidateSession> for Service {
    async fn perform(&self, _: Context, operation: ValidateSession) -> Result<ValidReply, ServiceError> {
        let valid = match operation.session_uuid.parse() {
            Ok(session) => self.metadata.session(session).await?.is_some(),
            Err(_) => false,
        };
        Ok(ValidReply { valid })
    }
}
