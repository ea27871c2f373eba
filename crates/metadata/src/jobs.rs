//! Jobs: calls that clients poll.

use crate::columns::{execute, one, text};
use crate::error::is_taken;
use crate::management_nodes::gone_node;
use crate::{Metadata, MetadataError};
use imprint_domain::Timestamp;
use sea_orm::DbErr;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its operation.
    pub operation: String,
    /// Its end: whether it succeeded, and the body that a poll answers. `None` while it runs.
    pub ended: Option<(bool, String)>,
}

impl Metadata {
    /// Makes a running job's row. `false`: a job of that id exists.
    pub async fn create_job(&self, uuid: &str, operation: &'static str, node: &str) -> Result<bool, MetadataError> {
        let now = self.now().0;
        let values = vec![uuid.into(), operation.into(), node.into(), now.into()];
        let made: Result<(), JobError> = self
            .writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "INSERT INTO job (uuid, operation, state, node, created) \
                               VALUES ($1, $2, 'Running', $3, $4)";
                    execute(transaction, sql, values).await?;
                    Ok(())
                })
            })
            .await;
        match made {
            Ok(()) => Ok(true),
            Err(JobError::Taken) => Ok(false),
            Err(JobError::Metadata(error)) => Err(error),
        }
    }

    /// Ends a job.
    pub async fn finish_job(&self, uuid: &str, succeeded: bool, body: &str) -> Result<(), MetadataError> {
        let state = if succeeded { "Succeeded" } else { "Failed" };
        let sql = "UPDATE job SET state = $1, result = $2, finished = $3 WHERE uuid = $4 AND state = 'Running'";
        self.change(sql, vec![state.into(), body.into(), self.now().0.into(), uuid.into()]).await?;
        Ok(())
    }

    /// The job of that id.
    pub async fn job(&self, uuid: &str) -> Result<Option<JobRow>, MetadataError> {
        // PostgreSQL has no text with NUL; no job's id holds one.
        if uuid.contains('\0') {
            return Ok(None);
        }
        let sql = "SELECT operation, state, result FROM job WHERE uuid = $1";
        let Some(row) = one(self.reader(), sql, vec![uuid.into()]).await? else { return Ok(None) };
        let state = row.text("state")?;
        let body = row.optional_text("result")?.unwrap_or_default();
        let ended = (state != "Running").then(|| (state == "Succeeded", body));
        Ok(Some(JobRow { operation: row.text("operation")?, ended }))
    }

    /// Fails the jobs that a server of this node was running when it died. Answers how many.
    pub async fn fail_interrupted_jobs(&self, node: &str, body: &str) -> Result<u64, MetadataError> {
        let sql = "UPDATE job SET state = 'Failed', result = $1, finished = $2 WHERE state = 'Running' AND node = $3";
        self.change(sql, vec![body.into(), self.now().0.into(), text(node)]).await
    }

    /// Fails the jobs of all other servers that have not been seen alive for a while. Answers how many.
    pub async fn fail_jobs_of_gone_nodes(&self, own: &str, body: &str) -> Result<u64, MetadataError> {
        let gone = gone_node(self.reader(), "job");
        let sql = format!(
            "UPDATE job SET state = 'Failed', result = $1, finished = $2 \
             WHERE state = 'Running' AND node <> $3 AND {gone}"
        );
        self.change(sql, vec![body.into(), self.now().0.into(), own.into()]).await
    }

    /// Removes jobs that ended before that time. Answers how many.
    pub async fn sweep_jobs(&self, before: Timestamp) -> Result<u64, MetadataError> {
        self.change("DELETE FROM job WHERE finished < $1", vec![before.0.into()]).await
    }
}

/// Why a job's row was not made.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error("the uuid is taken")]
    Taken,
    #[error(transparent)]
    Metadata(MetadataError),
}

impl From<DbErr> for JobError {
    fn from(error: DbErr) -> Self {
        if is_taken(&error) { Self::Taken } else { Self::Metadata(error.into()) }
    }
}

impl From<MetadataError> for JobError {
    fn from(error: MetadataError) -> Self {
        Self::Metadata(error)
    }
}
