//! Signs of life of servers that share a database, and what becomes of the calls of one that gives none any more: they fail
//! as those of a server do that was restarted.

use crate::{Service, ServiceError};
use imprint_api::{ErrorCode, ErrorKind, ErrorReply};

/// How the calls end that a server was running when it died.
pub(crate) struct LostWork {
    /// The body that a poll answers.
    pub(crate) body: String,
    /// The result of a long job: the error alone, as of every one that has failed.
    pub(crate) result: String,
}

impl LostWork {
    pub(crate) fn error() -> Result<Self, ServiceError> {
        let error = ErrorCode::new(
            ErrorKind::INTERNAL,
            "the server that ran this was restarted or lost while it ran; query the resource to see whether it was made, \
             and try again",
        );
        let encode = |error: serde_json::Error| ServiceError::internal("write an error")(error.into());
        let result = serde_json::to_string(&error).map_err(encode)?;
        let body = serde_json::to_string(&ErrorReply { error }).map_err(encode)?;
        Ok(Self { body, result })
    }
}

impl Service {
    /// Tells the servers that share the database that this one lives.
    pub(crate) async fn note_alive(&self) -> Result<(), ServiceError> {
        Ok(self.metadata.note_management_node(self.node_uuid, &self.host_name).await?)
    }

    /// Fails what servers were running that have given no sign of life for a while.
    pub(crate) async fn fail_lost_work(&self) -> Result<(), ServiceError> {
        let lost = LostWork::error()?;
        let failed = self.metadata.fail_jobs_of_gone_nodes(&self.node, &lost.body).await?
            + self.metadata.fail_long_jobs_of_gone_nodes(&self.node, &lost.result).await?;
        if failed > 0 {
            tracing::warn!(failed, "calls failed whose server has given no sign of life for a while");
        }
        Ok(())
    }
}
